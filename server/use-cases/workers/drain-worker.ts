import type { WorkerDetails } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import { createJobsChangedEvents, type ResultWithEvents } from "../events.ts";
import { toWorkerDetails } from "./read-worker.ts";

/**
 * Drains a worker. It gets no more tasks, and its waiting claims and its waiting heartbeat are answered
 * immediately.
 */
export const drainWorker = async (
  context: Context,
  caller: Caller,
  workerId: string,
): Promise<ResultWithEvents<WorkerDetails>> => {
  const { storage, owners, waitingClaims, settings } = context;
  await owners.requireOwner(caller, workerId, true);
  const id = workerId.toLowerCase();
  const isDrained = await storage.workerDetails.drain(id);
  const details = isDrained
    ? await storage.workerDetails.find(id, settings.worker_timeout_threshold)
    : undefined;
  if (details === undefined) throw workerNotFound();
  waitingClaims.refresh(id);
  const rooms = details.jobs.map(({ roomId }) => roomId);
  return {
    value: await toWorkerDetails(context, caller, details),
    events: [{ kind: "worker-drained", workerId: id }, ...createJobsChangedEvents(rooms)],
  };
};
