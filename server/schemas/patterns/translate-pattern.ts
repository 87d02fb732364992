import { RE2JS } from "re2js";

// White space in ECMAScript. RE2's `\s` matches only six ASCII characters.
const WHITE_SPACE =
  "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";

const CATEGORIES: Readonly<Record<string, string>> = {
  Letter: "L",
  Lowercase_Letter: "Ll",
  Uppercase_Letter: "Lu",
  Mark: "M",
  Number: "N",
  Decimal_Number: "Nd",
  digit: "Nd",
  Punctuation: "P",
  Symbol: "S",
  Separator: "Z",
  Space_Separator: "Zs",
};

/**
 * Compiles an ECMAScript pattern for RE2: translates white space, Unicode classes and escapes. Throws if RE2 does not
 * support the pattern.
 */
export function compilePattern(pattern: string): RE2JS {
  let translated = "";
  let isInClass = false;
  const hasNamedGroup = /\(\?P?<[^=!]/.test(pattern);
  for (const [token] of pattern.matchAll(/\\[pP]\{[^}]*\}|\\.|./gs)) {
    // RE2JS would parse a named backreference as the letter `k`.
    if (token === "\\k" && hasNamedGroup && !isInClass) throw new SyntaxError("RE2 has no backreferences");
    translated += translateToken(token, isInClass);
    if (token === "[") isInClass = true;
    else if (token === "]") isInClass = false;
  }
  return RE2JS.compile(RE2JS.translateRegExp(translated));
}

function translateToken(token: string, isInClass: boolean): string {
  if (token === "\\s") return isInClass ? WHITE_SPACE : `[${WHITE_SPACE}]`;
  // A negated class cannot be expanded inside another class, so `\S` keeps RE2's meaning there.
  if (token === "\\S") return isInClass ? token : `[^${WHITE_SPACE}]`;
  const property = /^\\([pP])\{(?:General_Category=|gc=|Script=|sc=)?(.*)\}$/.exec(token);
  if (property === null) return token;
  const name = property[2] ?? "";
  return `\\${property[1]}{${Object.hasOwn(CATEGORIES, name) ? CATEGORIES[name] : name}}`;
}
