/** `extensions.ts` imports this file, so the loader lists both files as loaded. */
export const FACTOR = 2;
