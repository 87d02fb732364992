import { RecentMap } from "../recent-map.ts";
import { checkSchema, compileSchema, type Validate } from "./compile-schema.ts";
import { measureJson } from "./json-size.ts";
import { InvalidSchemaError, type JsonObject, type SchemaFault, unsupported } from "./schema-fault.ts";
import type { SchemaUse } from "./schema-limits.ts";
import { isLight } from "./schema-weight.ts";
import { SchemaWorkers } from "./schema-workers.ts";
import { OutOfSteps } from "./step-meter.ts";

/** How a schema's payloads are checked: here, or in a worker thread because the schema is large. */
type Checker = Validate | "elsewhere";

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
  readonly #checkers: RecentMap<Checker>;
  readonly #workers: SchemaWorkers;

  constructor({
    entries = 500,
    characters = 4 * 1024 * 1024,
    threads = 2,
    deadlineMs = 2000,
  }: SchemaValidatorsOptions = {}) {
    this.#checkers = new RecentMap({ entries, weight: characters });
    this.#workers = new SchemaWorkers({ size: threads, deadlineMs, longestQueue: 100 });
  }

  /** How many schemas are kept at this moment. */
  get size(): number {
    return this.#checkers.size;
  }

  /** Says what keeps a schema from being registered; pointers are relative to the schema. */
  async check(schema: JsonObject, use: SchemaUse = "payload"): Promise<SchemaFault[]> {
    const { fault } = measureJson(schema);
    if (fault !== undefined) return [fault];
    if (isLight(schema)) return checkSchema(schema, use);
    return this.#workers.run({ kind: "check", schema: JSON.stringify(schema), use });
  }

  /** Says what of a value does not fit a schema that passed `check`; `hash` stands for the schema, and must be its own. */
  validate(hash: string, schema: JsonObject, value: unknown): SchemaFault[] | Promise<SchemaFault[]> {
    try {
      const checker = this.#checkerOf(hash, schema);
      return checker === "elsewhere" ? this.#validateElsewhere(hash, schema, value) : checker(value);
    } catch (error) {
      if (error instanceof OutOfSteps) return this.#validateElsewhere(hash, schema, value);
      // A schema that an older version took and this one does not: the caller is told, the server goes on.
      if (error instanceof InvalidSchemaError) {
        return [unsupported];
      }
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
    const checker = isLight(schema) ? compileSchema(schema) : "elsewhere";
    this.#checkers.set(hash, checker, checker === "elsewhere" ? 0 : measureJson(schema).characters);
    return checker;
  }

  async #validateElsewhere(hash: string, schema: JsonObject, value: unknown): Promise<SchemaFault[]> {
    try {
      const texts = { schema: JSON.stringify(schema), value: JSON.stringify(value) ?? "null" };
      return await this.#workers.run({ kind: "validate", hash, ...texts });
    } catch (error) {
      // JSON.stringify recurses, unlike the JSON.parse that let the value in.
      if (error instanceof RangeError) return [{ pointer: "", detail: "is nested too deeply to be checked" }];
      throw error;
    }
  }
}
