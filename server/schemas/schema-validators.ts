import { LRUCache } from "lru-cache";
import { OutOfStepsError } from "../../protocol/schema/step-budget.ts";
import { checkSchema, compileSchema, type Validate } from "./compile-schema.ts";
import {
  InvalidSchemaError,
  type JsonObject,
  type SchemaError,
  TOO_DEEP,
  UNSUPPORTED_SCHEMA,
} from "./schema-error.ts";
import { isLight, measureJson, type SchemaUse } from "./schema-limits.ts";
import { SchemaWorkers } from "./schema-workers.ts";

interface CachedSchema {
  /** The compiled schema. Undefined if the schema is too large to compile on the event loop. */
  readonly validate: Validate | undefined;
  /**
   * Number of following payloads that are validated in a thread, because a payload exceeded the
   * step budget.
   */
  skips: number;
}

// Number of payloads of a schema that are validated in a thread after one payload exceeded the step
// budget. With this number, at most about 1 % of the payloads use up the budget on the event loop.
const SKIPS_AFTER_OVERRUN = 100;

/**
 * Checks untrusted schemas and payloads without blocking the event loop. Small schemas are compiled
 * and applied on the event loop, with a step budget. Large schemas, and payloads that exceed the
 * budget, are processed in a thread with a deadline.
 */
export class SchemaValidators {
  readonly #schemas: LRUCache<string, CachedSchema>;
  readonly #workers: SchemaWorkers;

  /** `entries` and `characters` limit the cache of compiled schemas. */
  constructor({ entries = 500, characters = 4 * 1024 * 1024, threads = 2, deadlineMs = 2000 } = {}) {
    this.#schemas = new LRUCache({ max: entries, maxSize: characters });
    this.#workers = new SchemaWorkers({ size: threads, deadlineMs });
  }

  get size(): number {
    return this.#schemas.size;
  }

  /** Returns the reasons why a schema cannot be registered. */
  async check(schema: JsonObject, use: SchemaUse = "payload", userId = ""): Promise<SchemaError[]> {
    const { error } = measureJson(schema);
    if (error !== undefined) return [error];
    if (isLight(schema)) return checkSchema(schema, use);
    return this.#workers.run({ kind: "check", schema: JSON.stringify(schema), use }, userId);
  }

  /**
   * Validates a value and returns its errors. Returns a promise only if a thread validates the
   * value. `hash` identifies the schema in the cache.
   */
  validate(
    hash: string,
    schema: JsonObject,
    value: unknown,
    userId = "",
  ): SchemaError[] | Promise<SchemaError[]> {
    try {
      return this.#validateHere(hash, schema, value) ?? this.#validateInThread(hash, schema, value, userId);
    } catch (error) {
      // An older version of joblib accepted this schema, but this version does not.
      if (error instanceof InvalidSchemaError) return [UNSUPPORTED_SCHEMA];
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#workers.close();
  }

  /** Validates on the event loop; returns undefined if the value must be validated in a thread. */
  #validateHere(hash: string, schema: JsonObject, value: unknown): SchemaError[] | undefined {
    const cached = this.#getSchema(hash, schema);
    if (cached.skips > 0) {
      cached.skips -= 1;
      return undefined;
    }
    try {
      return cached.validate?.(value);
    } catch (error) {
      if (!(error instanceof OutOfStepsError)) throw error;
      cached.skips = SKIPS_AFTER_OVERRUN;
      return undefined;
    }
  }

  #getSchema(hash: string, schema: JsonObject): CachedSchema {
    const known = this.#schemas.get(hash);
    if (known !== undefined) return known;
    const validate = isLight(schema) ? compileSchema(schema) : undefined;
    const cached: CachedSchema = { validate, skips: 0 };
    const size = validate === undefined ? 1 : measureJson(schema).characters;
    this.#schemas.set(hash, cached, { size });
    return cached;
  }

  async #validateInThread(hash: string, schema: JsonObject, value: unknown, userId: string) {
    try {
      const texts = { schema: JSON.stringify(schema), value: JSON.stringify(value) ?? "null" };
      return await this.#workers.run({ kind: "validate", hash, ...texts }, userId);
    } catch (error) {
      // The value is nested so deeply that `JSON.stringify`, which is recursive, has overflowed the
      // stack.
      if (error instanceof RangeError) return [TOO_DEEP];
      throw error;
    }
  }
}
