import type { Random } from "../support/random.ts";
import { NUMBERS, STRINGS, VALUES } from "./hostile-values.ts";

type Schema = Readonly<Record<string, unknown>>;

const DEEPEST = 4;
/** How often a value is what its schema does not want. */
const HOSTILE = 0.08;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const schemas = (value: unknown): Schema[] => (Array.isArray(value) ? value.filter(isSchema) : []);

const numberOf = ({ minimum, maximum, type }: Schema, random: Random): number => {
  const low = typeof minimum === "number" ? minimum : -5;
  const high = typeof maximum === "number" ? Math.min(maximum, low + 1000) : low + 1000;
  return type === "integer" ? random.integer(low, high) : random.between(low, high);
};

const stringOf = ({ format }: Schema, random: Random): string => {
  if (format === "date-time") return new Date(Date.now() + random.integer(-1e6, 1e8)).toISOString();
  return random.chance(0.3) ? random.pick(STRINGS) : `s${random.integer(0, 20)}`;
};

const objectOf = (schema: Schema, random: Random, depth: number): Record<string, unknown> => {
  const { properties, required } = schema;
  const needed = Array.isArray(required) ? required : [];
  const made: [string, unknown][] = [];
  for (const [key, value] of Object.entries(isSchema(properties) ? properties : {})) {
    const isLeftOut = needed.includes(key) ? random.chance(0.02) : random.chance(0.6);
    if (!isLeftOut) made.push([key, valueFitting(value, random, depth + 1)]);
  }
  if (random.chance(0.05)) made.push([random.pick(STRINGS), random.pick(VALUES)]);
  return Object.fromEntries(made);
};

/** A value that mostly fits a JSON Schema as zod writes it, and now and then does not. */
export const valueFitting = (schema: unknown, random: Random, depth = 0): unknown => {
  if (!isSchema(schema) || depth > DEEPEST) return random.pick([null, 1, "x", {}, []]);
  if (random.chance(HOSTILE)) return random.pick([...VALUES, ...STRINGS, ...NUMBERS]);
  const options = [...schemas(schema["anyOf"]), ...schemas(schema["oneOf"]), ...schemas(schema["allOf"])];
  if (options.length > 0) return valueFitting(random.pick(options), random, depth + 1);
  if (Array.isArray(schema["enum"])) return random.pick(schema["enum"]);
  switch (schema["type"]) {
    case "object":
      return objectOf(schema, random, depth);
    case "array": {
      const length = random.integer(0, 3);
      return Array.from({ length }, () => valueFitting(schema["items"], random, depth + 1));
    }
    case "string":
      return stringOf(schema, random);
    case "number":
    case "integer":
      return numberOf(schema, random);
    case "boolean":
      return random.chance(0.5);
    default:
      return random.pick([null, 0, "", {}, { a: [1] }]);
  }
};
