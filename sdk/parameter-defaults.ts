import * as z from "zod";
import { UsageError } from "./errors.ts";
import type { AnySchema } from "./standard-schema.ts";

/**
 * Rejects a default that its own type rejects, at any depth. zod takes defaults unchecked, and nothing else checks a file
 * that runs without a compiler; the job's form would leave such a default out. Types that change their value are skipped:
 * their default is of the output's type.
 */
export const checkDefaults = (schema: AnySchema, what: string): void => {
  if (schema instanceof z.ZodObject) checkMembers(schema, { what, path: [], seen: new Set() });
};

interface SchemaLocation {
  readonly what: string;
  readonly path: readonly string[];
  /** A schema may contain itself. */
  readonly seen: Set<z.core.$ZodType>;
}

const checkMembers = (schema: z.ZodObject, place: SchemaLocation): void => {
  const { shape } = schema;
  for (const name of Object.keys(shape)) {
    // A getter refers to a schema that may not be defined yet.
    const field: unknown = Object.getOwnPropertyDescriptor(shape, name)?.value;
    if (field instanceof z.core.$ZodType) checkType(field, { ...place, path: [...place.path, name] });
  }
};

const checkType = (schema: z.core.$ZodType, place: SchemaLocation): void => {
  if (place.seen.has(schema)) return;
  place.seen.add(schema);
  if (schema instanceof z.ZodDefault) checkDefault(schema, place);
  if (schema instanceof z.ZodObject) checkMembers(schema, place);
  for (const inner of innerTypes(schema)) checkType(inner, place);
};

const innerTypes = (schema: z.core.$ZodType): readonly z.core.$ZodType[] => {
  if (schema instanceof z.ZodArray) return [schema.element];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  if (schema instanceof z.ZodTuple) return schema.def.items;
  if (schema instanceof z.ZodUnion) return schema.options;
  const isWrapper =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly;
  return isWrapper ? [schema.def.innerType] : [];
};

const checkDefault = (field: z.ZodDefault, { what, path }: SchemaLocation): void => {
  const type = field.unwrap();
  if (!hasSameInputAndOutput(type)) return;
  const checked = z.safeParse(type, field.def.defaultValue);
  if (checked.success) return;
  const reason = checked.error.issues[0]?.message;
  throw new UsageError(`${what}: the default of ${path.join(".")} does not fit: ${reason}`);
};

const hasSameInputAndOutput = (type: z.core.$ZodType): boolean => {
  const side = (io: "input" | "output") =>
    JSON.stringify(z.toJSONSchema(type, { io, unrepresentable: "any" }));
  return side("input") === side("output");
};
