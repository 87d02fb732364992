import type { Read } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { getDeadline, getPollInterval, type LongPoll, WakeSignal } from "../../state/long-poll.ts";
import { workerNotFound } from "../../state/worker-owners.ts";

interface ClaimReadsInput {
  readonly workerId: string;
  readonly limit: number;
  readonly longPoll: LongPoll;
}

/**
 * Claims up to `limit` reads of the worker's providers. With a long poll, waits for the first read.
 */
export async function claimReads(
  context: Context,
  caller: Caller,
  { workerId, limit, longPoll }: ClaimReadsInput,
): Promise<Read[]> {
  const { reads, owners, bus } = context;
  await owners.requireOwner(caller, workerId);
  const id = workerId.toLowerCase();
  const deadline = getDeadline(longPoll);
  const wakeSignal = new WakeSignal();
  try {
    for (;;) {
      wakeSignal.reset();
      const providerIds = await findProviderIds(context, id);
      await reads.waitForOffers(wakeSignal, providerIds);
      if (longPoll.isClientGone) return [];
      const claimed = await reads.claim(id, providerIds, limit);
      const left = deadline - performance.now();
      if (claimed.length > 0 || left <= 0 || longPoll.signal.aborted) return claimed;
      await wakeSignal.wait(Math.min(left, getPollInterval(bus)), longPoll.signal);
    }
  } finally {
    reads.stopWaiting(wakeSignal);
  }
}

/** Returns the ids of the worker's providers, which may change while a claim waits. */
async function findProviderIds({ storage, owners }: Context, workerId: string): Promise<readonly string[]> {
  const providerIds = await storage.providers.findIdsOfWorker(workerId);
  if (providerIds !== undefined) return providerIds;
  owners.forget(workerId);
  throw workerNotFound();
}
