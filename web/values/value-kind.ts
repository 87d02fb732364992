import type { JsonObject, JsonValue } from "../../protocol/index.ts";

/** The way in which a value is shown. */
export type ValueKind =
  | { readonly kind: "image"; readonly source: string }
  | { readonly kind: "table"; readonly rows: readonly JsonObject[]; readonly columns: readonly string[] }
  | { readonly kind: "record"; readonly members: readonly (readonly [string, JsonValue])[] }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tree" };

/** Maximum number of columns of a table. Wider data is shown as a tree. */
const MAX_COLUMNS = 24;
/** Maximum number of members of an object that is shown as a list of names and values. */
const MAX_MEMBERS = 40;

const IMAGE_URL = /^data:image\/(png|jpeg|gif|webp|avif|svg\+xml)(;[\w=-]+)*[;,]/i;
const SVG = /^\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i;
/** Patterns that match images in base64 by their first bytes, and their media types. */
const BASE64: readonly (readonly [RegExp, string])[] = [
  [/^iVBORw0KGgo[A-Za-z0-9+/=\r\n]{20,}$/, "image/png"],
  [/^\/9j\/[A-Za-z0-9+/=\r\n]{20,}$/, "image/jpeg"],
  [/^R0lGOD[lh][A-Za-z0-9+/=\r\n]{20,}$/, "image/gif"],
];

/**
 * Returns the `data:` URL of an image. SVG images are safe, because an SVG in an `img` element
 * cannot run scripts or follow links.
 */
const toImageSource = (text: string): string | undefined => {
  if (IMAGE_URL.test(text)) return text;
  if (SVG.test(text)) return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  const type = BASE64.find(([start]) => start.test(text))?.[1];
  return type === undefined ? undefined : `data:${type};base64,${text.replace(/\s/g, "")}`;
};

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns true for a value that fits into a table cell. */
const isFlat = (value: JsonValue): boolean =>
  typeof value !== "object" ||
  value === null ||
  (Array.isArray(value) && value.length <= 4 && value.every((item) => typeof item !== "object"));

const toTable = (value: JsonValue[]): ValueKind | undefined => {
  if (value.length === 0 || !value.every(isObject)) return undefined;
  const columns = [...new Set(value.flatMap((row) => Object.keys(row)))];
  const isTable =
    columns.length > 0 &&
    columns.length <= MAX_COLUMNS &&
    value.every((row) => Object.values(row).every(isFlat));
  return isTable ? { kind: "table", rows: value, columns } : undefined;
};

export const getValueKind = (value: JsonValue): ValueKind => {
  if (typeof value === "string") {
    const source = toImageSource(value);
    return source === undefined ? { kind: "text", text: value } : { kind: "image", source };
  }
  if (Array.isArray(value)) return toTable(value) ?? { kind: "tree" };
  if (!isObject(value)) return { kind: "text", text: String(value) };
  const members = Object.entries(value);
  return members.length > 0 && members.length <= MAX_MEMBERS ? { kind: "record", members } : { kind: "tree" };
};
