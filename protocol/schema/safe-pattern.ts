const MAX_PATTERN_LENGTH = 200;
const QUANTIFIED_GROUP = /\)(?:[*+]|\{)/;
const UNBOUNDED = /[*+]|\{\d+,\}/g;
const SPECIAL = /\\[1-9k]|\(\?[=!<]/;

/**
 * Returns an untrusted pattern if it is safe to run in a browser, otherwise undefined. A browser
 * runs the pattern at every keystroke and cannot interrupt the match. A safe pattern repeats no
 * group, and has so few unbounded parts that a match takes at most quadratic time. All other
 * patterns are checked only by the server, in linear time.
 */
export function toSafePattern(pattern: unknown): string | undefined {
  if (typeof pattern !== "string" || pattern.length > MAX_PATTERN_LENGTH) return undefined;
  const simplified = pattern.replace(/\\[^1-9k]/g, "c").replace(/\[[^\]]*\]/g, "c");
  const unbounded = simplified.match(UNBOUNDED)?.length ?? 0;
  const isBounded =
    unbounded <= 1 || (unbounded === 2 && simplified.startsWith("^") && !simplified.includes("|"));
  if (!isBounded || QUANTIFIED_GROUP.test(simplified) || SPECIAL.test(simplified)) return undefined;
  try {
    new RegExp(pattern, "u");
    return pattern;
  } catch {
    return undefined;
  }
}
