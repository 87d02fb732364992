/**
 * Characters that a terminal interprets instead of showing: the control characters of C0 (such as
 * ESC, but not \n and \t) and C1, DEL, the line and paragraph separators, and the marks that change
 * the direction of text.
 */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The characters of `UNSAFE` that JSON text can contain. `JSON.stringify` has already escaped
 * everything below U+0020.
 */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const MAX_DEPTH = 100;

const getHexCode = (character: string) => character.charCodeAt(0).toString(16);

function escapeCharacter(character: string) {
  return character <= "\u00ff"
    ? `\\x${getHexCode(character).padStart(2, "0")}`
    : `\\u${getHexCode(character).padStart(4, "0")}`;
}

/**
 * Escapes the control characters of untrusted text, so that a terminal shows them instead of
 * interpreting them.
 */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, escapeCharacter);
}

/**
 * Escapes the control characters and line breaks of untrusted text, so that the text stays on one
 * line and cannot imitate other output.
 */
export function escapeLine(text: string): string {
  return escapeText(text).replace(/[\n\t]/g, (character) => (character === "\n" ? "\\n" : "\\t"));
}

/**
 * Serializes a value as JSON that is safe to show on a terminal. Parsing the JSON returns the same
 * value.
 */
export function toSafeJson(value: unknown, indent?: number): string {
  return (JSON.stringify(value, null, indent) ?? "null").replace(
    UNSAFE_IN_JSON,
    (character) => `\\u${getHexCode(character).padStart(4, "0")}`,
  );
}

/** Returns a copy in which every string and every key is escaped. */
export function escapeDeep<Value>(value: Value): Value {
  return escapeValue(value, 0);
}

function escapeValue<Value>(value: Value, depth: number): Value;
function escapeValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return escapeText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "…";
  if (Array.isArray(value)) return value.map((item) => escapeValue(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [escapeLine(key), escapeValue(member, depth + 1)]),
  );
}
