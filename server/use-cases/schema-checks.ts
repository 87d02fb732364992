import { hash } from "node:crypto";
import canonicalize from "canonicalize";
import { LRUCache } from "lru-cache";
import {
  canonicalizeSchema,
  type FieldError,
  type JsonObject,
  type JsonValue,
  Problem,
  type SchemaPair,
} from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import type { RegisteredJob } from "../storage/storage.ts";

const MAX_ENTRIES = 5_000;

/** Returns the SHA-256 of a value's canonical JSON (RFC 8785), in hexadecimal. Undefined members are ignored. */
export const hashCanonicalJson = (value: object): string => hash("sha256", canonicalize(value) ?? "null");

/** Returns the hash of a job's two schemas. Registrations of the same job must have the same hash. */
export const hashSchemaPair = ({ schema, resultSchema }: SchemaPair): string =>
  hash("sha256", canonicalizeSchema({ schema, result_schema: resultSchema }));

/** The 422 of a request with invalid values. */
export const validationError = (detail: string, errors: readonly FieldError[]): Problem =>
  new Problem("validation-error", detail, { errors: [...errors] });

const prefixPointers = (prefix: string, errors: readonly FieldError[]): FieldError[] =>
  errors.map(({ pointer, detail }) => ({ pointer: `${prefix}${pointer}`, detail }));

/** Throws a 422 if one of a user's two schemas is not valid or not supported. */
export const requireSchemas = async (
  { validators }: Pick<Context, "validators">,
  pair: SchemaPair,
  userId: string,
): Promise<void> => {
  const errors = prefixPointers("/schema", await validators.check(pair.schema, "payload", userId));
  if (pair.resultSchema !== null) {
    errors.push(
      ...prefixPointers("/result_schema", await validators.check(pair.resultSchema, "result", userId)),
    );
  }
  if (errors.length > 0) throw validationError("The job's schema is not valid or not supported.", errors);
};

/**
 * Validates a payload against the schema of its job. Pointers of the errors start with `prefix`. Returns a promise
 * only if the check runs in a worker thread.
 */
export const findPayloadErrors = (
  { validators, settings }: Pick<Context, "validators" | "settings">,
  job: RegisteredJob,
  {
    payload,
    prefix,
    userId,
  }: { readonly payload: JsonObject; readonly prefix: string; readonly userId: string },
): FieldError[] | Promise<FieldError[]> => {
  if (!settings.validate_payloads) return [];
  const errors = validators.validate(`${job.schemaHash}:payload`, job.schema, payload, userId);
  return errors instanceof Promise
    ? errors.then((found) => prefixPointers(prefix, found))
    : prefixPointers(prefix, errors);
};

type ResultSchema = { readonly hash: string; readonly schema: JsonObject } | null;

/**
 * Caches the result schemas of jobs. They never change: a job that is registered again with other schemas has another
 * id.
 */
export class ResultSchemaCache {
  readonly #schemas = new LRUCache<string, { readonly found: ResultSchema }>({ max: MAX_ENTRIES });

  /** Returns the result schema of a job; null if the job has none or does not exist. */
  async get(
    { storage, settings }: Pick<Context, "storage" | "settings">,
    jobId: string,
  ): Promise<ResultSchema> {
    const cached = this.#schemas.get(jobId);
    if (cached !== undefined) return cached.found;
    const job = await storage.jobs.findById(jobId, settings.worker_timeout_threshold);
    if (job === undefined) return null;
    const found =
      job.resultSchema === null ? null : { hash: `${job.schemaHash}:result`, schema: job.resultSchema };
    this.#schemas.set(jobId, { found });
    return found;
  }
}

/** Throws a 422 if a result does not match the job's result schema. */
export const requireResult = async (
  context: Pick<Context, "storage" | "settings" | "validators" | "resultSchemas">,
  jobId: string,
  { result, userId }: { readonly result: JsonValue; readonly userId: string },
): Promise<void> => {
  const expected = await context.resultSchemas.get(context, jobId);
  if (expected === null) return;
  const errors = await context.validators.validate(expected.hash, expected.schema, result, userId);
  if (errors.length > 0)
    throw validationError(
      "The result does not match the job's result schema.",
      prefixPointers("/result", errors),
    );
};
