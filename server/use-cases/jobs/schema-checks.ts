import {
  type FieldError,
  type JsonObject,
  type JsonValue,
  Problem,
  type SchemaPair,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { RegisteredJob } from "../../records.ts";
import { findJob } from "./read-jobs.ts";

export function validationError(detail: string, errors: readonly FieldError[]): Problem {
  return new Problem("validation-error", detail, { errors: [...errors] });
}

export function prefixPointers(prefix: string, errors: readonly FieldError[]): FieldError[] {
  return errors.map(({ pointer, detail }) => ({ pointer: `${prefix}${pointer}`, detail }));
}

export async function requireSchemas(
  { validators }: Context,
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
 * Returns the validation errors of a payload, whose pointers start with `prefix`. Returns a promise
 * only if a worker thread must validate the payload.
 */
export function findPayloadErrors(
  { validators, settings }: Context,
  job: RegisteredJob,
  payload: JsonObject,
  userId: string,
  prefix = "/payload",
): FieldError[] | Promise<FieldError[]> {
  if (!settings.validate_payloads) return [];
  const errors = validators.validate(`${job.schemaHash}:payload`, job.schema, payload, userId);
  if (Array.isArray(errors)) return prefixPointers(prefix, errors);
  return errors.then((found) => prefixPointers(prefix, found));
}

/** Returns the errors that a submit would cause: none if `validate_payloads` is off. */
export async function validatePayload(
  context: Context,
  caller: Caller,
  { roomId, jobName, payload }: { roomId: string; jobName: string; payload: JsonObject },
): Promise<FieldError[]> {
  const job = await findJob(context, roomId, jobName);
  return findPayloadErrors(context, job, payload, caller.actor.id);
}

export async function requireResult(
  { validators, jobCache }: Context,
  jobId: string,
  result: JsonValue,
  userId: string,
): Promise<void> {
  const job = await jobCache.findResultSchema(jobId);
  if (job === undefined || job.resultSchema === null) return;
  const errors = await validators.validate(`${job.schemaHash}:result`, job.resultSchema, result, userId);
  const detail = "The result does not match the job's result schema.";
  if (errors.length > 0) throw validationError(detail, prefixPointers("/result", errors));
}
