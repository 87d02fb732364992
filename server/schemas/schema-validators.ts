import { LRUCache } from "lru-cache";
import { checkSchema, compileSchema, tryWithinBudget, type Validate } from "./compile-schema.ts";
import { InvalidSchemaError, type JsonObject, type SchemaError, UNSUPPORTED_SCHEMA } from "./schema-error.ts";
import { isLight, measureJson, type SchemaUse } from "./schema-limits.ts";
import { SchemaWorkers } from "./schema-workers.ts";

/** The compiled form of a schema. */
interface CachedSchema {
  /** Undefined if the schema is too large to compile on the event loop. */
  readonly validate: Validate | undefined;
  /**
   * Number of payloads that are still sent directly to a worker thread, because an earlier one exceeded the
   * step budget.
   */
  skips: number;
}

// After a payload exceeds the step budget on the event loop, this number of payloads of the same schema skip
// the event loop. So at most about one of 100 payloads of a schema uses up the budget there.
const SKIPS_AFTER_OVERRUN = 100;

/** Limits of the cache and of the worker threads. The defaults are for a server. */
interface SchemaValidatorsOptions {
  /** Maximum number of cached schemas, and of their characters in total. */
  entries?: number;
  characters?: number;
  threads?: number;
  deadlineMs?: number;
}

/**
 * Checks untrusted schemas, and validates payloads against them, without blocking the event loop. Small
 * schemas are checked and applied on the event loop, with a step budget. Large schemas, and payloads that
 * exceed the budget, are handled in a worker thread with a deadline.
 */
export class SchemaValidators {
  readonly #schemas: LRUCache<string, CachedSchema>;
  readonly #workers: SchemaWorkers;

  constructor({
    entries = 500,
    characters = 4 * 1024 * 1024,
    threads = 2,
    deadlineMs = 2000,
  }: SchemaValidatorsOptions = {}) {
    this.#schemas = new LRUCache({ max: entries, maxSize: characters });
    this.#workers = new SchemaWorkers({ size: threads, deadlineMs });
  }

  get size(): number {
    return this.#schemas.size;
  }

  /** Returns the reasons why a user's schema cannot be registered; pointers are relative to the schema. */
  async check(schema: JsonObject, use: SchemaUse = "payload", userId = ""): Promise<SchemaError[]> {
    const { error } = measureJson(schema);
    if (error !== undefined) return [error];
    if (isLight(schema)) return checkSchema(schema, use);
    return this.#workers.run({ kind: "check", schema: JSON.stringify(schema), use }, userId);
  }

  /**
   * Returns the errors of a user's value under a schema that passed `check`. `hash` identifies the schema. Returns a promise
   * only if a thread is needed.
   */
  validate(
    hash: string,
    schema: JsonObject,
    value: unknown,
    userId = "",
  ): SchemaError[] | Promise<SchemaError[]> {
    try {
      const cached = this.#getSchema(hash, schema);
      if (cached.skips > 0) cached.skips -= 1;
      else if (cached.validate !== undefined) {
        const errors = tryWithinBudget(cached.validate, value);
        if (errors !== undefined) return errors;
        cached.skips = SKIPS_AFTER_OVERRUN;
      }
      return this.#validateInThread(hash, schema, { value, userId });
    } catch (error) {
      // An older version of joblib accepted this schema, but this version does not.
      if (error instanceof InvalidSchemaError) return [UNSUPPORTED_SCHEMA];
      throw error;
    }
  }

  /** Terminates the worker threads and rejects all waiting checks. */
  async close(): Promise<void> {
    await this.#workers.close();
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

  async #validateInThread(
    hash: string,
    schema: JsonObject,
    { value, userId }: { value: unknown; userId: string },
  ): Promise<SchemaError[]> {
    try {
      const texts = { schema: JSON.stringify(schema), value: JSON.stringify(value) ?? "null" };
      return await this.#workers.run({ kind: "validate", hash, ...texts }, userId);
    } catch (error) {
      // JSON.stringify is recursive, while the parser that read the value is not, so a deeply nested value
      // overflows the stack here.
      if (error instanceof RangeError) return [{ pointer: "", detail: "is nested too deeply to validate" }];
      throw error;
    }
  }
}
