/**
 * What a terminal would obey instead of showing: C0 without \n and \t (ESC is one of them), DEL, C1, the line and
 * paragraph separators, and the marks that turn the direction of text around.
 */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** In JSON text everything below U+0020 is escaped already; these are not, and only strings can hold them. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const MAX_DEPTH = 100;

const code = (character: string) => character.charCodeAt(0).toString(16);

const escaped = (character: string) =>
  character <= "\u00ff" ? `\\x${code(character).padStart(2, "0")}` : `\\u${code(character).padStart(4, "0")}`;

/** Makes text of a stranger harmless for a terminal: control characters become escapes that can be seen. */
export const escapeText = (text: string): string => text.replace(UNSAFE, escaped);

/** The same for text that must stay on one line: nothing can pretend to be a line of ours. */
export const escapeLine = (text: string): string =>
  escapeText(text).replace(/[\n\t]/g, (character) => (character === "\n" ? "\\n" : "\\t"));

/** JSON that a terminal can be shown as it is; it parses to the very same value. */
export const toSafeJson = (value: unknown, indent?: number): string =>
  (JSON.stringify(value, null, indent) ?? "null").replace(
    UNSAFE_IN_JSON,
    (character) => `\\u${code(character).padStart(4, "0")}`,
  );

/** A copy of an answer in which every string, and every key, is harmless; done before anything is laid out. */
export const escapeDeep = <Value>(value: Value): Value => clean(value, 0);

function clean<Value>(value: Value, depth: number): Value;
function clean(value: unknown, depth: number): unknown {
  if (typeof value === "string") return escapeText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "…";
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [escapeLine(key), clean(member, depth + 1)]),
  );
}
