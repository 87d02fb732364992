import { isJsonObject, type JsonObject, type JsonValue } from "../protocol/json.ts";

/** A copy in which the member at the path is that value; what is no object on the way becomes one. */
export const setAtPath = (
  object: JsonObject,
  [name, ...rest]: readonly string[],
  value: JsonValue,
): JsonObject => {
  if (name === undefined) return object;
  const own = Object.hasOwn(object, name) ? object[name] : undefined;
  const next = rest.length === 0 ? value : setAtPath(isJsonObject(own) ? own : {}, rest, value);
  return { ...object, [name]: next };
};

/** What stands at a path; undefined where nothing does. */
export const getAtPath = (object: JsonObject, path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>(
    (at, name) => (isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    object,
  );

/** The names of a path with dots between them; `\.` is a dot of a name's own. */
export const splitPath2 = (text: string): string[] =>
  text.split(/(?<!\\)\./).map((part) => part.replaceAll("\\.", "."));
