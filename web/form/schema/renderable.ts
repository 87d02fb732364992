import type { FormSchema } from "./form-schema.ts";

/** Beyond this a form of fields is no help to anybody, and drawing it would hold the page up. */
const MAX_FIELDS = 1500;

/**
 * True for a schema that can be drawn as fields. References are followed as the library follows them, each once on a
 * path, so that a small schema whose references double at each level is found out before the library sees it.
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
