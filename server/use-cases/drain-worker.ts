import type { WorkerDetails } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import { createJobsChangedEvents, type ResultWithEvents } from "./events.ts";
import { toWorkerDetails } from "./read-worker.ts";
import { workerNotFound } from "./worker-owners.ts";

/** A worker is given no task any more; its waiting claims and its waiting heartbeat say so at once. */
export const drainWorker = async (
  context: Context,
  caller: Caller,
  workerId: string,
): Promise<ResultWithEvents<WorkerDetails>> => {
  const { storage, owners, waitingClaims, settings } = context;
  await owners.require(caller, workerId, true);
  const id = workerId.toLowerCase();
  const isDrained = await storage.workerDetails.drain(id);
  const sheet = isDrained
    ? await storage.workerDetails.find(id, settings.worker_timeout_threshold)
    : undefined;
  if (sheet === undefined) throw workerNotFound();
  waitingClaims.refresh(id);
  const rooms = sheet.jobs.map(({ roomId }) => roomId);
  return {
    value: await toWorkerDetails(context, caller, sheet),
    events: [{ kind: "worker-drained", workerId: id }, ...createJobsChangedEvents(rooms)],
  };
};
