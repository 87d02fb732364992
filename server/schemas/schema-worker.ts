import { parentPort } from "node:worker_threads";
import { LRUCache } from "lru-cache";
import { parseExactJson } from "../../protocol/schema/exact-json.ts";
import { OutOfStepsError } from "../../protocol/schema/step-budget.ts";
import { type Budget, checkSchema, compileSchema, type Validate } from "./compile-schema.ts";
import {
  InvalidSchemaError,
  isJsonObject,
  type JsonObject,
  type SchemaError,
  TAKES_TOO_LONG,
  UNSUPPORTED_SCHEMA,
} from "./schema-error.ts";
import type { SchemaRequest } from "./schema-workers.ts";

// The budget of a validation in a thread: 16 times the budget on the event loop. It corresponds to
// at most about 500 ms, and to 150 MB for Ajv's errors, so the deadline and the memory limit of the
// thread, at which it is terminated, are rarely reached. Only the slowest possible patterns reach
// the deadline.
const BUDGET: Budget = { steps: 8_000_000, patternShare: 1 / 8 };

const validators = new LRUCache<string, Validate>({ max: 50, maxSize: 2 * 1024 * 1024 });

parentPort?.on("message", (request: SchemaRequest) => {
  parentPort?.postMessage(run(request));
});
parentPort?.postMessage("ready");

function run(request: SchemaRequest): SchemaError[] {
  try {
    if (request.kind === "check") return checkSchema(parseSchema(request.schema), request.use);
    return getValidator(request.hash, request.schema)(JSON.parse(request.value), BUDGET);
  } catch (error) {
    if (error instanceof OutOfStepsError) return [{ pointer: "", detail: TAKES_TOO_LONG }];
    if (error instanceof InvalidSchemaError) return [UNSUPPORTED_SCHEMA];
    throw error;
  }
}

function getValidator(hash: string, schema: string): Validate {
  const validate = validators.get(hash) ?? compileSchema(parseSchema(schema));
  validators.set(hash, validate, { size: schema.length });
  return validate;
}

function parseSchema(text: string): JsonObject {
  const schema = parseExactJson(text);
  return isJsonObject(schema) ? schema : {};
}
