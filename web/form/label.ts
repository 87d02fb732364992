import type { FormSchema } from "./schema/form-schema.ts";

/** A property's name as a label: `maxSteps` and `max_steps` become "Max steps", `logP` and `SMILES` stay as they are. */
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

/** What a field is called: its title, or the name it stands under; items of lists are counted. */
export const getLabel = (schema: FormSchema, place: string | number | undefined): string => {
  const title = typeof schema.title === "string" && schema.title !== "" ? schema.title : undefined;
  if (typeof place === "number") return `${title ?? "Item"} ${place + 1}`;
  return title ?? toLabel(place ?? "");
};

const UNKNOWN = /^x-[a-z\d-]{1,50}$/;

/** A schema's own `x-` keywords as attributes of its field, so that a page's style and script can see them. */
export const getExtensionAttributes = (schema: FormSchema): Record<string, string> =>
  Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword, value]) => UNKNOWN.test(keyword) && typeof value !== "object")
      .map(([keyword, value]): [string, string] => [`data-${keyword}`, String(value).slice(0, 200)]),
  );
