import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import { createRequeueEvents, type ResultWithEvents } from "./events.ts";

/** Claimed tasks that the worker did not start go back; the ids of those that went. */
export const releaseTasks = async (
  { storage, owners, meter }: Context,
  caller: Caller,
  { workerId, tasks }: { readonly workerId: string; readonly tasks: readonly string[] },
): Promise<ResultWithEvents<string[]>> => {
  await owners.require(caller, workerId);
  const records = await storage.workers.release(workerId.toLowerCase(), tasks);
  meter.transitioned(records, "reported");
  return { value: records.map(({ task }) => task.id), events: createRequeueEvents(records) };
};
