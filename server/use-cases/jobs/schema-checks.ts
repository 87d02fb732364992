import { hash } from "node:crypto";
import canonicalize from "canonicalize";
import {
  canonicalizeSchema,
  type FieldError,
  type JsonObject,
  type JsonValue,
  Problem,
  type SchemaPair,
} from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import type { RegisteredJob } from "../../records.ts";
import { findJob } from "./read-jobs.ts";

/** Returns the SHA-256 of a value's canonical JSON (RFC 8785), in hexadecimal. Undefined members are ignored. */
export const hashCanonicalJson = (value: object): string => hash("sha256", canonicalize(value) ?? "null");

/** Returns the hash of a job's two schemas. Registrations of the same job must have the same hash. */
export const hashSchemaPair = ({ schema, resultSchema }: SchemaPair): string =>
  hash("sha256", canonicalizeSchema({ schema, result_schema: resultSchema }));

/** Creates the 422 for a request with invalid values. */
export const validationError = (detail: string, errors: readonly FieldError[]): Problem =>
  new Problem("validation-error", detail, { errors: [...errors] });

const prefixPointers = (prefix: string, errors: readonly FieldError[]): FieldError[] =>
  errors.map(({ pointer, detail }) => ({ pointer: `${prefix}${pointer}`, detail }));

/** Throws a 422 if a schema of the job is invalid or not supported. */
export async function requireSchemas(
  { validators }: Pick<Context, "validators">,
  { schema, resultSchema }: SchemaPair,
  userId: string,
): Promise<void> {
  const errors = prefixPointers("/schema", await validators.check(schema, "payload", userId));
  if (resultSchema !== null) {
    const resultErrors = await validators.check(resultSchema, "result", userId);
    errors.push(...prefixPointers("/result_schema", resultErrors));
  }
  if (errors.length > 0) throw validationError("The job's schema is not valid or not supported.", errors);
}

/**
 * Validates a payload against the schema of its job. Pointers of the errors start with `prefix`. Returns a promise
 * only if the check runs in a worker thread.
 */
export function findPayloadErrors(
  { validators, settings }: Pick<Context, "validators" | "settings">,
  job: RegisteredJob,
  {
    payload,
    prefix,
    userId,
  }: { readonly payload: JsonObject; readonly prefix: string; readonly userId: string },
): FieldError[] | Promise<FieldError[]> {
  if (!settings.validate_payloads) return [];
  const errors = validators.validate(`${job.schemaHash}:payload`, job.schema, payload, userId);
  return errors instanceof Promise
    ? errors.then((found) => prefixPointers(prefix, found))
    : prefixPointers(prefix, errors);
}

/**
 * Returns the errors with which a submit of the payload would be rejected. There are none if
 * `validate_payloads` is off.
 */
export async function validatePayload(
  context: Context,
  { roomId, jobName, ...input }: { roomId: string; jobName: string; payload: JsonObject; userId: string },
): Promise<FieldError[]> {
  const job = await findJob(context, roomId, jobName);
  return findPayloadErrors(context, job, { ...input, prefix: "/payload" });
}

/** Throws a 422 if a result does not match the job's result schema. */
export async function requireResult(
  { validators, jobCache }: Pick<Context, "validators" | "jobCache">,
  jobId: string,
  { result, userId }: { readonly result: JsonValue; readonly userId: string },
): Promise<void> {
  const job = await jobCache.findResultSchema(jobId);
  if (job === undefined || job.resultSchema === null) return;
  const errors = await validators.validate(`${job.schemaHash}:result`, job.resultSchema, result, userId);
  if (errors.length > 0)
    throw validationError(
      "The result does not match the job's result schema.",
      prefixPointers("/result", errors),
    );
}
