/** Imported by the extensions, so that a change here is a change of them. */
export const FACTOR = 2;
