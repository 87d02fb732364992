import { isJsonObject, type JsonObject, type JsonValue } from "../../protocol/json.ts";
import { findReference } from "../../protocol/schema/references.ts";

/**
 * Maximum number of references to follow, because they may be circular. The server rejects longer
 * chains.
 */
const MAX_STEPS = 20;

function isNull(schema: JsonValue) {
  return isJsonObject(schema) && (schema["type"] === "null" || schema["const"] === null);
}

/**
 * Returns the only branch of a schema, ignoring null branches: A in `anyOf: [A, null]` and in
 * `allOf: [A]`. Returns undefined if there are several branches or none.
 */
function getOnlyBranch(schema: JsonObject): JsonObject | undefined {
  for (const keyword of ["anyOf", "oneOf", "allOf"]) {
    const branches = schema[keyword];
    if (!Array.isArray(branches)) continue;
    const [branch, ...others] = keyword === "allOf" ? branches : branches.filter((branch) => !isNull(branch));
    if (others.length === 0 && isJsonObject(branch)) return branch;
  }
  return undefined;
}

/**
 * Replaces a reference by its target, and a schema with only one branch by that branch. Keeps the
 * keywords next to the reference or the branch.
 */
export function resolveSchema(schema: JsonValue | undefined, root: JsonObject): JsonObject {
  let current: JsonObject = isJsonObject(schema) ? schema : {};
  for (let steps = 0; steps < MAX_STEPS; steps += 1) {
    const { $ref, anyOf, oneOf, allOf, ...siblings } = current;
    if (typeof $ref === "string") {
      const found = findReference(root, $ref);
      if (!isJsonObject(found)) return siblings;
      current = { ...found, ...siblings };
      continue;
    }
    const inner = getOnlyBranch(current);
    if (inner === undefined) return current;
    current = { ...inner, ...siblings };
  }
  return {};
}
