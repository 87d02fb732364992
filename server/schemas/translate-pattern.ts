import { RE2JS } from "re2js";

// ECMAScript's white space; RE2's own \s is six ASCII characters.
const space =
  "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}";

const categories: Readonly<Record<string, string>> = {
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
 * Compiles a pattern of JSON Schema, which is an ECMAScript one, for RE2: white space, Unicode classes and escapes are
 * translated. Throws if RE2 cannot run it.
 */
export function compilePattern(pattern: string): RE2JS {
  let translated = "";
  let isInClass = false;
  const hasNamedGroup = /\(\?P?<[^=!]/.test(pattern);
  for (const [token] of pattern.matchAll(/\\[pP]\{[^}]*\}|\\.|./gs)) {
    // RE2JS would read a named backreference as the letter k.
    if (token === "\\k" && hasNamedGroup && !isInClass) throw new SyntaxError("RE2 has no backreferences");
    translated += translatedToken(token, isInClass);
    if (token === "[") isInClass = true;
    else if (token === "]") isInClass = false;
  }
  return RE2JS.compile(RE2JS.translateRegExp(translated));
}

function translatedToken(token: string, isInClass: boolean): string {
  if (token === "\\s") return isInClass ? space : `[${space}]`;
  // Within a class a negated one cannot be written out: there RE2's own meaning stays.
  if (token === "\\S") return isInClass ? token : `[^${space}]`;
  const property = /^\\([pP])\{(?:General_Category=|gc=|Script=|sc=)?(.*)\}$/.exec(token);
  if (property === null) return token;
  const name = property[2] ?? "";
  return `\\${property[1]}{${Object.hasOwn(categories, name) ? categories[name] : name}}`;
}
