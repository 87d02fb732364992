import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { resolveReferences } from "./references.ts";
import { type SchemaScope, satisfies } from "./satisfies.ts";
import { BudgetExceededError, StepBudget } from "./step-budget.ts";

/** Enough for a default of 100,000 items; takes less than a second. */
const MAX_STEPS = 1_000_000;
const MAX_CHAIN = 50;
/** A required list begins with as many items as it must have; an untrusted schema may ask for a billion. */
const MAX_BEGUN_ITEMS = 50;

const schemasOf = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

const isNullSchema = (schema: JsonValue): boolean =>
  isJsonObject(schema) && (schema["type"] === "null" || schema["const"] === null);

/** Returns the other option of a union with null; undefined if there are several or none. */
const onlyOption = ({ anyOf, oneOf }: JsonObject): JsonObject | undefined => {
  const options = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
  const [option, ...others] = options.filter((one) => !isNullSchema(one));
  return others.length === 0 && options.length > 1 && isJsonObject(option) ? option : undefined;
};

/** Returns the schema of an array's item. */
const itemSchema = ({ items, prefixItems, additionalItems }: JsonObject, index: number): JsonValue => {
  const fixed = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : [];
  const rest = Array.isArray(items) ? additionalItems : items;
  return (index < fixed.length ? fixed[index] : rest) ?? true;
};

/**
 * Reads the defaults of a schema as the worker will apply them. A schema's own default has precedence over those of its
 * members, which add only what it lacks: pydantic and zod parse what is given and fill in the rest. A default that does
 * not satisfy its own schema is no default.
 */
export class SchemaDefaults {
  readonly #scope: SchemaScope;
  readonly #known = new Map<JsonObject, JsonValue | undefined>();
  readonly #open = new Set<JsonObject>();

  constructor(root: JsonObject) {
    this.#scope = { root, budget: new StepBudget(MAX_STEPS) };
  }

  /** Returns the value that a member has if nobody gives it one; undefined if there is none, or none that is valid. */
  find(schema: JsonObject): JsonValue | undefined {
    if (this.#open.has(schema)) return undefined;
    if (!this.#known.has(schema)) this.#known.set(schema, this.#compute(schema));
    return this.#known.get(schema);
  }

  /** Returns what a schema says its default is: its own, or that of what it refers to. It may be invalid. */
  declared(schema: JsonObject, chain = 0): JsonValue | undefined {
    if (schema["default"] !== undefined) return schema["default"];
    if (schema["const"] !== undefined) return schema["const"];
    if (chain > MAX_CHAIN) return undefined;
    const option = onlyOption(schema);
    for (const part of [...this.#parts(schema), ...(option === undefined ? [] : [option])]) {
      const inherited = this.declared(part, chain + 1);
      if (inherited !== undefined) return inherited;
    }
    return undefined;
  }

  /**
   * Returns what a payload begins with: a given value, else the default, with the defaults of all members that it lacks.
   * Objects that must be given are begun as well, and lists with as many items as they must have.
   */
  begin(schema: JsonObject, given?: JsonValue): JsonValue | undefined {
    this.#scope.budget.refill();
    return this.#begin(schema, given);
  }

  #begin(schema: JsonObject, given?: JsonValue): JsonValue | undefined {
    const start = given === undefined ? this.find(schema) : given;
    if (start === undefined) return this.#beginContainer(schema);
    const completed = this.#within(() => this.#complete(start, schema, true));
    return completed === undefined ? start : completed;
  }

  #compute(schema: JsonObject): JsonValue | undefined {
    const declared = this.declared(schema);
    if (declared === undefined) return undefined;
    this.#open.add(schema);
    try {
      return this.#within(() => {
        const completed = this.#complete(declared, schema, false);
        const { const: only = declared } = schema;
        const candidates = [completed, declared, only];
        return candidates.find((candidate) => satisfies(candidate, schema, this.#scope));
      });
    } finally {
      this.#open.delete(schema);
    }
  }

  #within<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      // A RangeError is the end of the call stack: a schema that refers to itself without consuming any value.
      if (error instanceof BudgetExceededError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** Adds the defaults of missing members; if `begins`, also what must be given and has no default. */
  #complete(value: JsonValue, schema: JsonObject, begins: boolean): JsonValue {
    this.#scope.budget.charge();
    if (typeof value !== "object" || value === null) return value;
    const inherited = this.#parts(schema).reduce<JsonValue>(
      (whole, part) => this.#complete(whole, part, begins),
      value,
    );
    const chosen = this.#completeOption(inherited, schema, begins);
    if (Array.isArray(chosen)) {
      return chosen.map((item, index) => this.#inner(item, itemSchema(schema, index), begins));
    }
    return isJsonObject(chosen) ? this.#completeMembers(chosen, schema, begins) : chosen;
  }

  #inner(value: JsonValue, schema: JsonValue | undefined, begins: boolean): JsonValue {
    const hasMembers = typeof value === "object" && value !== null;
    return hasMembers && isJsonObject(schema) ? this.#complete(value, schema, begins) : value;
  }

  /** Completes a union's value by the first option that it then satisfies. */
  #completeOption(value: JsonValue, { anyOf, oneOf }: JsonObject, begins: boolean): JsonValue {
    for (const option of [...schemasOf(anyOf), ...schemasOf(oneOf)]) {
      const completed = this.#complete(value, option, begins);
      if (satisfies(completed, option, this.#scope)) return completed;
    }
    return value;
  }

  #completeMembers(value: JsonObject, schema: JsonObject, begins: boolean): JsonObject {
    const { properties, required, additionalProperties } = schema;
    const known = isJsonObject(properties) ? properties : {};
    const isBegun = (name: string) => begins && Array.isArray(required) && required.includes(name);
    const given = Object.entries(value).map(([name, member]): [string, JsonValue] => [
      name,
      this.#inner(member, Object.hasOwn(known, name) ? known[name] : additionalProperties, begins),
    ]);
    const added = Object.entries(known).flatMap(([name, property]): [string, JsonValue][] => {
      if (Object.hasOwn(value, name) || !isJsonObject(property)) return [];
      const start = isBegun(name) ? this.#begin(property) : this.find(property);
      return start === undefined ? [] : [[name, start]];
    });
    return Object.fromEntries([...given, ...added]);
  }

  #beginContainer(schema: JsonObject): JsonValue | undefined {
    if (this.#open.has(schema)) return undefined;
    this.#open.add(schema);
    try {
      const target = this.#findContainer(schema);
      if (target === undefined) return undefined;
      return this.#within(() =>
        target["type"] === "array" ? this.#beginArray(target) : this.#complete({}, schema, true),
      );
    } finally {
      this.#open.delete(schema);
    }
  }

  #beginArray(schema: JsonObject): JsonValue | undefined {
    const { items, minItems } = schema;
    if (!isJsonObject(items) || typeof minItems !== "number" || minItems > MAX_BEGUN_ITEMS) return undefined;
    const item = this.#begin(items);
    return item === undefined ? undefined : Array.from({ length: minItems }, () => item);
  }

  /** Returns the part of a schema that says it is an object or an array. */
  #findContainer(schema: JsonObject, chain = 0): JsonObject | undefined {
    const { type, properties } = schema;
    if (type === "object" || type === "array" || isJsonObject(properties)) return schema;
    if (chain > MAX_CHAIN) return undefined;
    return this.#parts(schema)
      .map((part) => this.#findContainer(part, chain + 1))
      .find((found) => found !== undefined);
  }

  /** The schemas that hold for the same value: what a schema refers to, and its `allOf`. */
  #parts(schema: JsonObject): readonly JsonObject[] {
    const target =
      typeof schema["$ref"] === "string" ? resolveReferences(this.#scope.root, schema) : undefined;
    return [...(target === undefined ? [] : [target]), ...schemasOf(schema["allOf"])];
  }
}
