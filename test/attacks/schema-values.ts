import type { Random } from "../support/random.ts";
import { NUMBERS, STRINGS, VALUES } from "./hostile-values.ts";

type Schema = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 4;
/** Fraction of the values that are hostile instead of valid. */
const HOSTILE_FRACTION = 0.08;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const filterSchemas = (value: unknown): Schema[] => (Array.isArray(value) ? value.filter(isSchema) : []);

const generateNumber = ({ minimum, maximum, type }: Schema, random: Random): number => {
  const low = typeof minimum === "number" ? minimum : -5;
  const high = typeof maximum === "number" ? Math.min(maximum, low + 1000) : low + 1000;
  return type === "integer" ? random.integer(low, high) : random.between(low, high);
};

const generateString = ({ format }: Schema, random: Random): string => {
  if (format === "date-time") return new Date(Date.now() + random.integer(-1e6, 1e8)).toISOString();
  return random.chance(0.3) ? random.pick(STRINGS) : `s${random.integer(0, 20)}`;
};

const generateObject = (schema: Schema, random: Random, depth: number): Record<string, unknown> => {
  const { properties, required } = schema;
  const requiredKeys = Array.isArray(required) ? required : [];
  const members: [string, unknown][] = [];
  for (const [key, value] of Object.entries(isSchema(properties) ? properties : {})) {
    const isLeftOut = requiredKeys.includes(key) ? random.chance(0.02) : random.chance(0.6);
    if (!isLeftOut) members.push([key, generateValue(value, random, depth + 1)]);
  }
  if (random.chance(0.05)) members.push([random.pick(STRINGS), random.pick(VALUES)]);
  return Object.fromEntries(members);
};

/**
 * Generates a value that is usually, but not always, valid against a JSON Schema. Supports the
 * keywords that zod generates.
 */
export const generateValue = (schema: unknown, random: Random, depth = 0): unknown => {
  if (!isSchema(schema) || depth > MAX_DEPTH) return random.pick([null, 1, "x", {}, []]);
  if (random.chance(HOSTILE_FRACTION)) return random.pick([...VALUES, ...STRINGS, ...NUMBERS]);
  const options = [
    ...filterSchemas(schema["anyOf"]),
    ...filterSchemas(schema["oneOf"]),
    ...filterSchemas(schema["allOf"]),
  ];
  if (options.length > 0) return generateValue(random.pick(options), random, depth + 1);
  if (Array.isArray(schema["enum"])) return random.pick(schema["enum"]);
  switch (schema["type"]) {
    case "object":
      return generateObject(schema, random, depth);
    case "array": {
      const length = random.integer(0, 3);
      return Array.from({ length }, () => generateValue(schema["items"], random, depth + 1));
    }
    case "string":
      return generateString(schema, random);
    case "number":
    case "integer":
      return generateNumber(schema, random);
    case "boolean":
      return random.chance(0.5);
    default:
      return random.pick([null, 0, "", {}, { a: [1] }]);
  }
};
