import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { findReference } from "../../protocol/schema/references.ts";

/** References that lead in a circle end here; the server refuses chains that are longer. */
const MOST_STEPS = 20;

const isNull = (schema: JsonValue) =>
  isJsonObject(schema) && (schema["type"] === "null" || schema["const"] === null);

/** The only schema that is meant: of `anyOf` a thing and null the thing, of `allOf` one the one. */
const only = (schema: JsonObject): JsonObject | undefined => {
  for (const keyword of ["anyOf", "oneOf", "allOf"]) {
    const branches = schema[keyword];
    if (!Array.isArray(branches)) continue;
    const [branch, ...others] = keyword === "allOf" ? branches : branches.filter((one) => !isNull(one));
    if (others.length === 0 && isJsonObject(branch)) return branch;
  }
  return undefined;
};

/** A schema as it is meant: references followed, wrappings taken off; what stands beside them stays. */
export const resolveSchema = (schema: JsonValue | undefined, root: JsonObject): JsonObject => {
  let at: JsonObject = isJsonObject(schema) ? schema : {};
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    const { $ref, anyOf, oneOf, allOf, ...beside } = at;
    if (typeof $ref === "string") {
      const found = findReference(root, $ref);
      if (!isJsonObject(found)) return beside;
      at = { ...found, ...beside };
      continue;
    }
    const inner = only(at);
    if (inner === undefined) return at;
    at = { ...inner, ...beside };
  }
  return {};
};
