const LENGTH = 36;
const DASH = 0x2d;

/** 1 for what a digit may be, by its code. */
const IS_HEX = new Uint8Array(128);
for (const digit of "0123456789abcdefABCDEF") IS_HEX[digit.charCodeAt(0)] = 1;

/**
 * True for what an id column can hold; anything else is an id of nothing, and must not reach the database. Every
 * completion asks four times: a regular expression took a quarter of a microsecond each.
 */
export const isUuid = (id: string): boolean => {
  if (id.length !== LENGTH) return false;
  for (let at = 0; at < LENGTH; at += 1) {
    const code = id.charCodeAt(at);
    const isDash = at === 8 || at === 13 || at === 18 || at === 23;
    if (isDash ? code !== DASH : IS_HEX[code] !== 1) return false;
  }
  return true;
};
