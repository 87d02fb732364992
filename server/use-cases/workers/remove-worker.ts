import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import { createJobsChangedEvents, createRequeueEvents, type ResultWithEvents } from "../events.ts";

/**
 * Deregisters a worker. Its tasks fail or are requeued, and its jobs are removed if they have no other worker
 * and no open tasks.
 */
export const removeWorker = async (
  { storage, owners, waitingClaims, meter }: Context,
  caller: Caller,
  workerId: string,
): Promise<ResultWithEvents<null>> => {
  await owners.requireOwner(caller, workerId, true);
  const id = workerId.toLowerCase();
  const end = await storage.workers.remove(id, `worker ${id} left`);
  owners.forget(id);
  // Wakes waiting claims of this worker, so that they fail immediately instead of at their next poll.
  waitingClaims.refresh(id);
  if (end === undefined) throw workerNotFound();
  meter.transitioned(end.tasks, "lost");
  return {
    value: null,
    events: [...createRequeueEvents(end.tasks, id), ...createJobsChangedEvents(end.rooms)],
  };
};
