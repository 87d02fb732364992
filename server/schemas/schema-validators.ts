import { LruMap } from "../lru-map.ts";
import { checkSchema, compileSchema, type Validate } from "./compile-schema.ts";
import { measureJson } from "./json-size.ts";
import { InvalidSchemaError, type JsonObject, type SchemaError, UNSUPPORTED_SCHEMA } from "./schema-error.ts";
import type { SchemaUse } from "./schema-limits.ts";
import { isLight } from "./schema-weight.ts";
import { SchemaWorkers } from "./schema-workers.ts";
import { OutOfStepsError } from "./step-meter.ts";

/** How a schema's payloads are checked. */
interface Checker {
  /** Undefined for a schema that is too large to be compiled on the event loop. */
  readonly validate: Validate | undefined;
  /** How many payloads go to a worker thread without being tried here, because one took too many steps. */
  skips: number;
}

// A payload that is too expensive costs the event loop its 500,000 steps, but only one in a hundred of a schema's does.
const SKIPS_AFTER_OVERRUN = 100;

/** The bounds of the cache and of the threads; the defaults suit a server. */
export interface SchemaValidatorsOptions {
  /** Compiled schemas that are kept, and the characters of all of them together. */
  entries?: number;
  characters?: number;
  threads?: number;
  deadlineMs?: number;
}

/**
 * Checks strangers' schemas, and payloads against them, without ever holding up the event loop: what is small runs
 * here, its steps counted; what is large, or has used up its steps, runs in a worker thread with a deadline.
 */
export class SchemaValidators {
  readonly #checkers: LruMap<Checker>;
  readonly #workers: SchemaWorkers;

  constructor({
    entries = 500,
    characters = 4 * 1024 * 1024,
    threads = 2,
    deadlineMs = 2000,
  }: SchemaValidatorsOptions = {}) {
    this.#checkers = new LruMap({ entries, weight: characters });
    this.#workers = new SchemaWorkers({ size: threads, deadlineMs });
  }

  /** How many schemas are kept at this moment. */
  get size(): number {
    return this.#checkers.size;
  }

  /** Returns what keeps a user's schema from being registered; pointers are relative to the schema. */
  async check(schema: JsonObject, use: SchemaUse = "payload", userId = ""): Promise<SchemaError[]> {
    const { fault } = measureJson(schema);
    if (fault !== undefined) return [fault];
    if (isLight(schema)) return checkSchema(schema, use);
    return this.#workers.run({ kind: "check", schema: JSON.stringify(schema), use }, userId);
  }

  /**
   * Returns where a user's value does not match a schema that passed `check`. `hash` identifies the schema. A promise only
   * if a thread is needed.
   */
  validate(
    hash: string,
    schema: JsonObject,
    value: unknown,
    userId = "",
  ): SchemaError[] | Promise<SchemaError[]> {
    try {
      const checker = this.#checkerOf(hash, schema);
      if (checker.skips > 0) checker.skips -= 1;
      else if (checker.validate !== undefined) {
        const faults = tryWithin(checker.validate, value);
        if (faults !== undefined) return faults;
        checker.skips = SKIPS_AFTER_OVERRUN;
      }
      return this.#validateElsewhere(hash, schema, { value, userId });
    } catch (error) {
      // An older version accepted this schema, and this one does not: the caller is told, and the server goes on.
      if (error instanceof InvalidSchemaError) return [UNSUPPORTED_SCHEMA];
      throw error;
    }
  }

  /** Ends the worker threads; what waits for them is rejected. */
  async close(): Promise<void> {
    await this.#workers.close();
  }

  #checkerOf(hash: string, schema: JsonObject): Checker {
    const known = this.#checkers.get(hash);
    if (known !== undefined) return known;
    const validate = isLight(schema) ? compileSchema(schema) : undefined;
    const checker: Checker = { validate, skips: 0 };
    this.#checkers.set(hash, checker, validate === undefined ? 0 : measureJson(schema).characters);
    return checker;
  }

  async #validateElsewhere(
    hash: string,
    schema: JsonObject,
    { value, userId }: { value: unknown; userId: string },
  ): Promise<SchemaError[]> {
    try {
      const texts = { schema: JSON.stringify(schema), value: JSON.stringify(value) ?? "null" };
      return await this.#workers.run({ kind: "validate", hash, ...texts }, userId);
    } catch (error) {
      // JSON.stringify recurses, unlike the JSON.parse that let the value in.
      if (error instanceof RangeError) return [{ pointer: "", detail: "is nested too deeply to be checked" }];
      throw error;
    }
  }
}

/** Validates on the event loop; undefined if that takes too many steps. */
function tryWithin(validate: Validate, value: unknown): SchemaError[] | undefined {
  try {
    return validate(value);
  } catch (error) {
    if (error instanceof OutOfStepsError) return undefined;
    throw error;
  }
}
