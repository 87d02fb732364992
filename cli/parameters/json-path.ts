import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";

/**
 * Returns a copy of an object with `value` at the path. Values along the path that are not objects
 * are replaced by objects.
 */
export function setAtPath(
  object: JsonObject,
  [name, ...rest]: readonly string[],
  value: JsonValue,
): JsonObject {
  if (name === undefined) return object;
  const member = Object.hasOwn(object, name) ? object[name] : undefined;
  const next = rest.length === 0 ? value : setAtPath(isJsonObject(member) ? member : {}, rest, value);
  return { ...object, [name]: next };
}

/** Returns the value at a path, or undefined if there is none. */
export function getAtPath(object: JsonObject, path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (value, name) => (isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    object,
  );
}

/** Splits a path at its dots. `\.` stands for a dot within a name. */
export function splitPath(text: string): string[] {
  return text.split(/(?<!\\)\./).map((part) => part.replaceAll("\\.", "."));
}

/** Splits a JSON Pointer (RFC 6901) into names. */
export function splitPointer(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
