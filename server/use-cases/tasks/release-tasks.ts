import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { createRequeueEvents, type ResultWithEvents } from "../events.ts";

/** Requeues claimed tasks that the worker has not started. Returns the ids of those that were requeued. */
export const releaseTasks = async (
  { storage, owners, meter }: Context,
  caller: Caller,
  { workerId, tasks }: { readonly workerId: string; readonly tasks: readonly string[] },
): Promise<ResultWithEvents<string[]>> => {
  await owners.requireOwner(caller, workerId);
  const records = await storage.queue.release(workerId.toLowerCase(), tasks);
  meter.transitioned(records, "reported");
  return { value: records.map(({ task }) => task.id), events: createRequeueEvents(records) };
};
