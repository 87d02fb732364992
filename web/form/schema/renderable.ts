import type { FormSchema } from "./form-schema.ts";

/**
 * Maximum number of fields of a form. A larger form would be unusable, and rendering it would block
 * the page.
 */
const MAX_FIELDS = 1500;

/**
 * Returns true if the form of a schema has at most 1,500 fields. Follows references as
 * react-jsonschema-form does, each once per path. It stops at the limit, so it also detects a small
 * schema whose number of fields doubles at each reference.
 */
export const isRenderable = (root: FormSchema): boolean => {
  let left = MAX_FIELDS;
  const definitions = root.$defs ?? {};

  const walk = (schema: unknown, path: readonly string[]): boolean => {
    left -= 1;
    if (left < 0) return false;
    if (typeof schema !== "object" || schema === null) return true;
    const { $ref, properties, items, additionalItems, anyOf, oneOf, allOf, ...rest } = schema as FormSchema;
    if (typeof $ref === "string") {
      return path.includes($ref) || walk(definitions[$ref.slice("#/$defs/".length)], [...path, $ref]);
    }
    return [
      ...Object.values(properties ?? {}),
      ...(Array.isArray(items) ? items : [items]),
      additionalItems,
      ...(anyOf ?? []),
      ...(oneOf ?? []),
      ...(allOf ?? []),
      rest.additionalProperties,
      rest["then"],
      rest["else"],
      ...Object.values(rest.dependencies ?? {}),
    ].every((part) => part === undefined || walk(part, path));
  };

  return walk(root, []);
};
