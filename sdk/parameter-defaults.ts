import * as z from "zod";
import { UsageError } from "./errors.ts";
import type { AnySchema } from "./standard-schema.ts";

/**
 * Refuses a default that its own type would refuse: zod takes it as it is, and a file that is run without a compiler
 * has nobody else who looks. Types that change their value are left out, for there a default is of the other side.
 */
export const checkDefaults = (schema: AnySchema, what: string): void => {
  if (!(schema instanceof z.ZodObject)) return;
  for (const [name, field] of Object.entries(schema.shape)) {
    if (!(field instanceof z.ZodDefault)) continue;
    const type = field.unwrap();
    if (!isSameOnBothSides(type)) continue;
    const checked = z.safeParse(type, field.def.defaultValue);
    if (checked.success) continue;
    throw new UsageError(`${what}: the default of ${name} does not fit: ${checked.error.issues[0]?.message}`);
  }
};

const isSameOnBothSides = (type: z.core.$ZodType): boolean => {
  const side = (io: "input" | "output") =>
    JSON.stringify(z.toJSONSchema(type, { io, unrepresentable: "any" }));
  return side("input") === side("output");
};
