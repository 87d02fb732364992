import type { AST } from "@eslint-community/regexpp";

/** The flags and modifiers in effect at a position of a pattern. */
export interface Modes {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly isUnicode: boolean;
}

const ASCII = 128;

/**
 * Returns the test for one character. It uses V8's engine for Unicode properties and case folding, because a match of one
 * character against one class cannot backtrack.
 */
export function makeCharacterTest(
  element: AST.Character | AST.CharacterClass | AST.CharacterSet,
  modes: Modes,
): (code: number) => boolean {
  if (element.type === "Character" && !modes.ignoreCase) return (code) => code === element.value;
  const flags = `${modes.isUnicode ? "u" : ""}${modes.ignoreCase ? "i" : ""}${modes.dotAll ? "s" : ""}`;
  const expression = new RegExp(`^(?:${element.raw})$`, flags);
  const known = new Int8Array(ASCII);
  return (code) => {
    if (code >= ASCII) return expression.test(String.fromCodePoint(code));
    if (known[code] === 0) known[code] = expression.test(String.fromCharCode(code)) ? 1 : -1;
    return known[code] === 1;
  };
}

/**
 * Returns true for the characters of `\w`. Returns false for `NaN`, which is the code before the start and
 * after the end of a text.
 */
export function isWordCharacter(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x5f
  );
}
