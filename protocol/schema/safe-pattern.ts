const LONGEST = 200;
const QUANTIFIED_GROUP = /\)(?:[*+]|\{)/;
const UNBOUNDED = /[*+]|\{\d+,\}/g;
const SPECIAL = /\\[1-9k]|\(\?[=!<]/;

/**
 * A stranger's regular expression, where a browser can be trusted with it: it runs on every keystroke and cannot be
 * stopped. No group is repeated, and so few parts are without a bound that it ends in the square of the input's length
 * at worst; the server, which matches in linear time, checks all others.
 */
export const toSafePattern = (pattern: unknown): string | undefined => {
  if (typeof pattern !== "string" || pattern.length > LONGEST) return undefined;
  const bare = pattern.replace(/\\[^1-9k]/g, "c").replace(/\[[^\]]*\]/g, "c");
  const unbounded = bare.match(UNBOUNDED)?.length ?? 0;
  const isBounded = unbounded <= 1 || (unbounded === 2 && bare.startsWith("^") && !bare.includes("|"));
  if (!isBounded || QUANTIFIED_GROUP.test(bare) || SPECIAL.test(bare)) return undefined;
  try {
    new RegExp(pattern, "u");
    return pattern;
  } catch {
    return undefined;
  }
};
