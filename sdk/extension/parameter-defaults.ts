import * as z from "zod";
import { UsageError } from "../errors.ts";
import type { AnySchema } from "./standard-schema.ts";

/**
 * Throws `UsageError` for a default that does not match its type, at any depth: zod does not validate
 * defaults, a file may run without type checks, and the job's form would omit such a default. Types that
 * transform their value are skipped, because their default has the output type.
 */
export const checkDefaults = (schema: AnySchema, label: string): void => {
  if (schema instanceof z.ZodObject) checkMembers(schema, { label, path: [], checked: new Set() });
};

interface SchemaLocation {
  readonly label: string;
  readonly path: readonly string[];
  /** Schemas that were already checked, because a schema can contain itself. */
  readonly checked: Set<z.core.$ZodType>;
}

const checkMembers = (schema: z.ZodObject, location: SchemaLocation): void => {
  const { shape } = schema;
  for (const name of Object.keys(shape)) {
    // A getter is skipped, because it may refer to a schema that is not defined yet.
    const field: unknown = Object.getOwnPropertyDescriptor(shape, name)?.value;
    if (field instanceof z.core.$ZodType) checkType(field, { ...location, path: [...location.path, name] });
  }
};

const checkType = (schema: z.core.$ZodType, location: SchemaLocation): void => {
  if (location.checked.has(schema)) return;
  location.checked.add(schema);
  if (schema instanceof z.ZodDefault) checkDefault(schema, location);
  if (schema instanceof z.ZodObject) checkMembers(schema, location);
  for (const inner of getInnerTypes(schema)) checkType(inner, location);
};

const getInnerTypes = (schema: z.core.$ZodType): readonly z.core.$ZodType[] => {
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

const checkDefault = (field: z.ZodDefault, { label, path }: SchemaLocation): void => {
  const type = field.unwrap();
  if (!hasSameInputAndOutput(type)) return;
  const parsed = z.safeParse(type, field.def.defaultValue);
  if (parsed.success) return;
  const reason = parsed.error.issues[0]?.message;
  throw new UsageError(`${label}: the default of ${path.join(".")} is invalid: ${reason}`);
};

const hasSameInputAndOutput = (type: z.core.$ZodType): boolean => {
  const side = (io: "input" | "output") =>
    JSON.stringify(z.toJSONSchema(type, { io, unrepresentable: "any" }));
  return side("input") === side("output");
};
