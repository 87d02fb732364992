import type { FormSchema } from "./schema/form-schema.ts";

/**
 * Converts a property name to a label: `maxSteps` and `max_steps` become "Max steps". Names such as
 * `SMILES` are not changed.
 */
export const toLabel = (name: string): string => {
  const words = name
    .replace(/[_-]+/g, " ")
    .replace(
      /([a-z\d])([A-Z])(?=[a-z])/g,
      (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
    )
    .trim();
  return words === "" ? name : words.charAt(0).toUpperCase() + words.slice(1);
};

/**
 * Returns the label of a field: its title or its property name. The items of a list are numbered
 * from 1.
 */
export const getLabel = (schema: FormSchema, key: string | number | undefined): string => {
  const title = typeof schema.title === "string" && schema.title !== "" ? schema.title : undefined;
  if (typeof key === "number") return `${title ?? "Item"} ${key + 1}`;
  return title ?? toLabel(key ?? "");
};

const EXTENSION_KEYWORD = /^x-[a-z\d-]{1,50}$/;

/**
 * Converts the `x-` keywords of a schema to `data-x-…` attributes of its field, for the CSS and the
 * scripts of the page.
 */
export const getExtensionAttributes = (schema: FormSchema): Record<string, string> =>
  Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword, value]) => EXTENSION_KEYWORD.test(keyword) && typeof value !== "object")
      .map(([keyword, value]): [string, string] => [`data-${keyword}`, String(value).slice(0, 200)]),
  );
