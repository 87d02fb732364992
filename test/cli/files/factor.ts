/** `extensions.ts` imports this file, so the list of its loaded files contains both. */
export const FACTOR = 2;
