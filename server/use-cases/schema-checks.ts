import { hash } from "node:crypto";
import canonicalize from "canonicalize";
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

const MAX_KNOWN = 5_000;

/** The sha256 of the canonical form (RFC 8785) of what a request says; undefined members are as good as left out. */
export const hashCanonicalJson = (value: object): string => hash("sha256", canonicalize(value) ?? "null");

/** The hash of what two registrations must share. */
export const hashSchemaPair = ({ schema, resultSchema }: SchemaPair): string =>
  hash("sha256", canonicalizeSchema({ schema, result_schema: resultSchema }));

/** A 422 with what does not fit, and where. */
export const validationError = (detail: string, errors: readonly FieldError[]): Problem =>
  new Problem("validation-error", detail, { errors: [...errors] });

const under = (prefix: string, faults: readonly FieldError[]): FieldError[] =>
  faults.map(({ pointer, detail }) => ({ pointer: `${prefix}${pointer}`, detail }));

/** Throws a 422 if the server cannot use one of a user's two schemas. */
export const requireSchemas = async (
  { validators }: Pick<Context, "validators">,
  pair: SchemaPair,
  userId: string,
): Promise<void> => {
  const faults = under("/schema", await validators.check(pair.schema, "payload", userId));
  if (pair.resultSchema !== null) {
    faults.push(...under("/result_schema", await validators.check(pair.resultSchema, "result", userId)));
  }
  if (faults.length > 0) throw validationError("The job's schema cannot be used.", faults);
};

/** Returns where a user's payload does not match its job; pointers begin with `prefix`. A promise only if a thread is needed. */
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
  const faults = validators.validate(`${job.schemaHash}:payload`, job.schema, payload, userId);
  return faults instanceof Promise ? faults.then((found) => under(prefix, found)) : under(prefix, faults);
};

type ResultSchema = { readonly hash: string; readonly schema: JsonObject } | null;

/** The result schemas of jobs, by their ids: a job that is registered anew with other schemas has another id. */
export class ResultSchemaCache {
  readonly #known = new Map<string, ResultSchema>();

  async of(
    { storage, settings }: Pick<Context, "storage" | "settings">,
    jobId: string,
  ): Promise<ResultSchema> {
    const known = this.#known.get(jobId);
    if (known !== undefined) return known;
    const job = await storage.jobs.findById(jobId, settings.worker_timeout_threshold);
    if (job === undefined) return null;
    const found =
      job.resultSchema === null ? null : { hash: `${job.schemaHash}:result`, schema: job.resultSchema };
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(jobId, found);
    return found;
  }
}

/** Throws a 422 if a user's result does not match the job's result schema. */
export const requireResult = async (
  context: Pick<Context, "storage" | "settings" | "validators" | "resultSchemas">,
  jobId: string,
  { result, userId }: { readonly result: JsonValue; readonly userId: string },
): Promise<void> => {
  const wanted = await context.resultSchemas.of(context, jobId);
  if (wanted === null) return;
  const faults = await context.validators.validate(wanted.hash, wanted.schema, result, userId);
  if (faults.length > 0)
    throw validationError("The result does not fit the job's result schema.", under("/result", faults));
};
