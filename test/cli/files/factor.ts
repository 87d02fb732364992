/** Imported by the extensions, so that a change of this file reloads them. */
export const FACTOR = 2;
