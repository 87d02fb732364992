import { type JsonObject, Problem } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { AnswerFacts } from "../../state/reads/answer.ts";
import type { ReadFailure } from "../../state/reads/provider-reads.ts";
import { toReadKey } from "./read-params.ts";

/** A read that a worker has claimed. */
interface ClaimedRead {
  readonly workerId: string;
  readonly readId: string;
}

/**
 * Passes the answer of a worker, while it arrives, to the clients that wait for it. Throws a 409 if
 * the read is not assigned to the worker.
 */
export async function answerRead(
  { reads, owners }: Context,
  caller: Caller,
  { workerId, readId, facts, body }: ClaimedRead & { facts: AnswerFacts; body: AsyncIterable<Uint8Array> },
): Promise<void> {
  await owners.requireOwner(caller, workerId);
  const sink = await reads.open(readId, workerId.toLowerCase(), facts);
  try {
    for await (const part of body) await sink.write(part);
    await sink.end();
  } catch (error) {
    sink.abort();
    throw error;
  }
}

/**
 * Ends a read that the worker cannot answer, with a problem for the clients that wait for it.
 * Throws a 409 if the read is not assigned to the worker.
 */
export async function failRead(
  { reads, owners }: Context,
  caller: Caller,
  { workerId, readId, failure }: ClaimedRead & { failure: ReadFailure },
): Promise<void> {
  await owners.requireOwner(caller, workerId);
  await reads.fail(readId, workerId.toLowerCase(), failure);
}

/**
 * Removes cached answers of a provider that the worker serves: the answer to `params`, or all
 * answers if `params` is undefined.
 */
export async function invalidateAnswers(
  { reads, owners, storage }: Context,
  caller: Caller,
  { workerId, providerId, params }: { workerId: string; providerId: string; params: JsonObject | undefined },
): Promise<void> {
  await owners.requireOwner(caller, workerId);
  const providerIds = await storage.providers.findIdsOfWorker(workerId.toLowerCase());
  const id = providerId.toLowerCase();
  if (providerIds?.includes(id) !== true)
    throw new Problem("provider-not-found", "The worker does not serve this provider.");
  await reads.invalidate(id, params && toReadKey(params));
}
