import { parentPort } from "node:worker_threads";
import { parseExactJson } from "../../protocol/exact-json.ts";
import { LruMap } from "../lru-map.ts";
import { type Budget, checkSchema, compileSchema, type Validate } from "./compile-schema.ts";
import {
  InvalidSchemaError,
  isJsonObject,
  type JsonObject,
  type SchemaError,
  UNSUPPORTED_SCHEMA,
} from "./schema-error.ts";
import type { SchemaJob } from "./schema-workers.ts";
import { OutOfStepsError } from "./step-meter.ts";

// Sixteen times what the main thread allows: some 500 ms, and 150 MB of Ajv's errors, at worst. So the bounds that
// cost the thread, which are the deadline and its memory, are rarely met.
// Patterns that are as slow as they can be meet the deadline; those that people write, on a megabyte, come through.
const budget: Budget = { steps: 8_000_000, patternShare: 1 / 8 };

const validators = new LruMap<Validate>({ entries: 50, weight: 2 * 1024 * 1024 });

parentPort?.on("message", (job: SchemaJob) => {
  parentPort?.postMessage(run(job));
});
parentPort?.postMessage("ready");

function run(job: SchemaJob): SchemaError[] {
  try {
    if (job.kind === "check") return checkSchema(parseSchema(job.schema), job.use);
    return getValidator(job.hash, job.schema)(JSON.parse(job.value), budget);
  } catch (error) {
    if (error instanceof OutOfStepsError)
      return [{ pointer: "", detail: "takes too long to check against the schema" }];
    if (error instanceof InvalidSchemaError) return [UNSUPPORTED_SCHEMA];
    throw error;
  }
}

function getValidator(hash: string, schema: string): Validate {
  const known = validators.get(hash);
  if (known !== undefined) return known;
  const validate = compileSchema(parseSchema(schema));
  validators.set(hash, validate, schema.length);
  return validate;
}

function parseSchema(text: string): JsonObject {
  const schema = parseExactJson(text);
  return isJsonObject(schema) ? schema : {};
}
