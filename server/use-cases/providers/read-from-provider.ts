import { Problem } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { LongPoll } from "../../state/long-poll.ts";
import type { Answer } from "../../state/reads/answer.ts";
import type { ReadTarget } from "../../state/reads/served-read.ts";
import type { ProviderRecord } from "../../storage/ports/providers.ts";
import { validationError } from "../jobs/schema-checks.ts";
import { findProvider } from "./find-provider.ts";
import { parseReadParams, toReadKey } from "./read-params.ts";

interface ReadInput {
  readonly roomId: string;
  readonly providerName: string;
  /** The query of the request, percent-encoded. */
  readonly query: string;
  readonly longPoll: LongPoll;
}

/** An answer whose body may still be arriving. The caller must release the answer. */
export interface ProvidedAnswer {
  readonly answer: Answer;
  readonly contentType: string;
  /** Age of a cached answer, in seconds; undefined if a worker has just answered. */
  readonly ageSeconds: number | undefined;
}

/**
 * Returns an answer from the cache or from a worker. Throws a 404 if the provider does not exist, a
 * 422 for invalid parameters, a 503 if no worker is online, a 504 if no worker answers in time, and
 * the problem of the worker if it fails.
 */
export async function readFromProvider(
  context: Context,
  caller: Caller,
  { roomId, providerName, query, longPoll }: ReadInput,
): Promise<ProvidedAnswer> {
  const provider = await findProvider(context, roomId, providerName);
  const { contentType } = provider;
  const target = await toTarget(context, caller, { provider, roomId, query });
  const cached = context.reads.getCached(provider.id, target.key);
  if (cached !== undefined) {
    cached.answer.retain();
    return { contentType, ...cached };
  }
  const answer = await context.reads.read(target, {
    ms: longPoll.seconds * 1000,
    signal: longPoll.signal,
    requireWorker: () => requireWorker(provider, providerName),
  });
  if (answer !== undefined) return { answer, contentType, ageSeconds: undefined };
  throw new Problem(
    "provider-timeout",
    `No worker answered within ${longPoll.seconds} s (Prefer: wait). Try again, or wait longer.`,
    { retryAfter: 1 },
  );
}

async function toTarget(
  { validators }: Context,
  caller: Caller,
  { provider, roomId, query }: { provider: ProviderRecord; roomId: string; query: string },
): Promise<ReadTarget> {
  const { id: providerId, schema, schemaHash } = provider;
  const params = parseReadParams(query, schema);
  const errors = await validators.validate(`${schemaHash}:payload`, schema, params, caller.actor.id);
  if (errors.length > 0) throw validationError("The parameters are invalid; see `errors`.", errors);
  return { providerId, params, key: toReadKey(params), roomId };
}

function requireWorker({ workers }: ProviderRecord, name: string): void {
  if (workers.length > 0) return;
  throw new Problem(
    "provider-offline",
    `No worker of provider ${name} is online. Start one, for example with joblib worker, and try again.`,
    { retryAfter: 5 },
  );
}
