import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { ClaimedTaskRecord } from "../../records.ts";
import { createRequeueEvents, publish } from "../events.ts";

/** Requeues claimed tasks that the worker has not started. Returns the ids of those that were requeued. */
export async function releaseTasks(
  context: Context,
  caller: Caller,
  { workerId, tasks }: { readonly workerId: string; readonly tasks: readonly string[] },
): Promise<string[]> {
  const { storage, owners, meter } = context;
  await owners.requireOwner(caller, workerId);
  const records = await storage.queue.release(workerId.toLowerCase(), tasks);
  meter.transitioned(records, "reported");
  publish(context, createRequeueEvents(records));
  return records.map(({ task }) => task.id);
}

/** Requeues the claims of a client that is gone. They do not count towards `max_attempts`. */
export async function requeueClaims(context: Context, records: readonly ClaimedTaskRecord[]): Promise<void> {
  const claims = records.map(({ summary: { id, attempt } }) => ({ id, attempt }));
  const requeued = await context.storage.queue.unclaim(claims);
  context.meter.transitioned(requeued, "lost");
  publish(context, createRequeueEvents(requeued));
}
