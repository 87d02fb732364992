import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { resolveReferences } from "./references.ts";
import { getItemSchema, type SchemaScope, satisfies } from "./satisfies.ts";
import { OutOfStepsError, StepBudget } from "./step-budget.ts";

/**
 * Maximum number of validation steps per schema. This is enough for a default of 100,000 items and
 * takes less than a second.
 */
const MAX_STEPS = 1_000_000;
const MAX_CHAIN = 50;
/**
 * Maximum number of items that are created for `minItems`, because an untrusted schema may require
 * a billion.
 */
const MAX_CREATED_ITEMS = 50;

function toSchemas(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function isNullSchema(schema: JsonValue): boolean {
  return isJsonObject(schema) && (schema["type"] === "null" || schema["const"] === null);
}

/**
 * Returns the only option of a union that is not null. Returns undefined if the union does not
 * contain null, or has several other options.
 */
function getOnlyOption({ anyOf, oneOf }: JsonObject): JsonObject | undefined {
  const options = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
  const [option, ...others] = options.filter((one) => !isNullSchema(one));
  return others.length === 0 && options.length > 1 && isJsonObject(option) ? option : undefined;
}

/**
 * Computes the defaults of a schema in the same way as the worker. The default of an object takes
 * precedence over the defaults of its members, which are only used for members that are missing in
 * the default of the object: pydantic and zod do the same when they parse an object. A default that
 * does not satisfy its own schema is ignored.
 */
export class SchemaDefaults {
  readonly #scope: SchemaScope;
  readonly #known = new Map<JsonObject, JsonValue | undefined>();
  readonly #open = new Set<JsonObject>();

  constructor(root: JsonObject) {
    this.#scope = { root, budget: new StepBudget(MAX_STEPS) };
  }

  /** Returns the default of a schema. Returns undefined if it has no valid default. */
  find(schema: JsonObject): JsonValue | undefined {
    if (this.#open.has(schema)) return undefined;
    if (!this.#known.has(schema)) this.#known.set(schema, this.#compute(schema));
    return this.#known.get(schema);
  }

  /**
   * Returns the `default` or `const` of a schema. If it has neither, returns that of its reference
   * target, of a schema in `allOf`, or of the only option of a union with null. The value may be
   * invalid.
   */
  getDeclared(schema: JsonObject, chain = 0): JsonValue | undefined {
    if (schema["default"] !== undefined) return schema["default"];
    if (schema["const"] !== undefined) return schema["const"];
    if (chain > MAX_CHAIN) return undefined;
    const option = getOnlyOption(schema);
    for (const part of [...this.#getAppliedSchemas(schema), ...(option === undefined ? [] : [option])]) {
      const inherited = this.getDeclared(part, chain + 1);
      if (inherited !== undefined) return inherited;
    }
    return undefined;
  }

  /**
   * Returns the initial value of a form: the given value or else the default, completed with the
   * defaults of missing members. Required objects are also created, and required lists get their
   * minimum number of items.
   */
  createInitialValue(schema: JsonObject, given?: JsonValue): JsonValue | undefined {
    this.#scope.budget.start(MAX_STEPS);
    return this.#createInitialValue(schema, given);
  }

  #createInitialValue(schema: JsonObject, given?: JsonValue): JsonValue | undefined {
    const start = given === undefined ? this.find(schema) : given;
    if (start === undefined) return this.#createContainer(schema);
    const completed = this.#withinBudget(() => this.#complete(start, schema, true));
    return completed === undefined ? start : completed;
  }

  #compute(schema: JsonObject): JsonValue | undefined {
    const declared = this.getDeclared(schema);
    if (declared === undefined) return undefined;
    return this.#guardRecursion(schema, () => {
      const completed = this.#complete(declared, schema, false);
      const { const: only = declared } = schema;
      const candidates = [completed, declared, only];
      return candidates.find((candidate) => satisfies(candidate, schema, this.#scope));
    });
  }

  /**
   * Calls `read`, which computes a value from the schema. Returns undefined if the value of this
   * schema is already being computed: then the schema refers to itself, and the computation would
   * not end.
   */
  #guardRecursion<Value>(schema: JsonObject, read: () => Value): Value | undefined {
    if (this.#open.has(schema)) return undefined;
    this.#open.add(schema);
    try {
      return this.#withinBudget(read);
    } finally {
      this.#open.delete(schema);
    }
  }

  #withinBudget<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      // A RangeError means that the stack overflowed: the schema has a reference to itself that
      // applies to the same value.
      if (error instanceof OutOfStepsError || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /**
   * Adds the defaults of missing members and, if `addsRequired`, initial values of required members
   * without a default.
   */
  #complete(value: JsonValue, schema: JsonValue | undefined, addsRequired: boolean): JsonValue {
    if (typeof value !== "object" || value === null || !isJsonObject(schema)) return value;
    this.#scope.budget.charge();
    const inherited = this.#getAppliedSchemas(schema).reduce<JsonValue>(
      (whole, part) => this.#complete(whole, part, addsRequired),
      value,
    );
    const chosen = this.#completeOption(inherited, schema, addsRequired);
    if (Array.isArray(chosen)) {
      return chosen.map((item, index) => this.#complete(item, getItemSchema(schema, index), addsRequired));
    }
    return isJsonObject(chosen) ? this.#completeMembers(chosen, schema, addsRequired) : chosen;
  }

  /** Completes the value of a union with the first option that the completed value satisfies. */
  #completeOption(value: JsonValue, { anyOf, oneOf }: JsonObject, addsRequired: boolean): JsonValue {
    for (const option of [...toSchemas(anyOf), ...toSchemas(oneOf)]) {
      const completed = this.#complete(value, option, addsRequired);
      if (satisfies(completed, option, this.#scope)) return completed;
    }
    return value;
  }

  #completeMembers(value: JsonObject, schema: JsonObject, addsRequired: boolean): JsonObject {
    const { properties, required, additionalProperties } = schema;
    const known = isJsonObject(properties) ? properties : {};
    const isAdded = (name: string) => addsRequired && Array.isArray(required) && required.includes(name);
    const given = Object.entries(value).map(([name, member]): [string, JsonValue] => [
      name,
      this.#complete(member, Object.hasOwn(known, name) ? known[name] : additionalProperties, addsRequired),
    ]);
    const added = Object.entries(known).flatMap(([name, property]): [string, JsonValue][] => {
      if (Object.hasOwn(value, name) || !isJsonObject(property)) return [];
      const start = isAdded(name) ? this.#createInitialValue(property) : this.find(property);
      return start === undefined ? [] : [[name, start]];
    });
    return Object.fromEntries([...given, ...added]);
  }

  #createContainer(schema: JsonObject): JsonValue | undefined {
    return this.#guardRecursion(schema, () => {
      const target = this.#findContainer(schema);
      if (target === undefined) return undefined;
      return target["type"] === "array" ? this.#createArray(target) : this.#complete({}, schema, true);
    });
  }

  #createArray(schema: JsonObject): JsonValue | undefined {
    const { items, minItems } = schema;
    if (!isJsonObject(items) || typeof minItems !== "number" || minItems > MAX_CREATED_ITEMS)
      return undefined;
    const item = this.#createInitialValue(items);
    return item === undefined ? undefined : Array.from({ length: minItems }, () => item);
  }

  /**
   * Searches the schema itself, the target of its reference and the schemas in its `allOf`, in this
   * order. Returns the first one that declares an object or an array.
   */
  #findContainer(schema: JsonObject, chain = 0): JsonObject | undefined {
    const { type, properties } = schema;
    if (type === "object" || type === "array" || isJsonObject(properties)) return schema;
    if (chain > MAX_CHAIN) return undefined;
    return this.#getAppliedSchemas(schema)
      .map((part) => this.#findContainer(part, chain + 1))
      .find((found) => found !== undefined);
  }

  /**
   * Returns the schemas that a value must satisfy in addition to `schema`: the target of its
   * reference, and the schemas in its `allOf`.
   */
  #getAppliedSchemas(schema: JsonObject): readonly JsonObject[] {
    const target =
      typeof schema["$ref"] === "string" ? resolveReferences(this.#scope.root, schema) : undefined;
    return [...(target === undefined ? [] : [target]), ...toSchemas(schema["allOf"])];
  }
}
