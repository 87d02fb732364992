import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import { createJobsChangedEvents, createRequeueEvents, type ResultWithEvents } from "../events.ts";

/** Deregisters a worker: its tasks fail or are requeued, and jobs without another worker are removed. */
export const removeWorker = async (
  { storage, owners, waitingClaims, meter }: Context,
  caller: Caller,
  workerId: string,
): Promise<ResultWithEvents<null>> => {
  await owners.requireOwner(caller, workerId, true);
  const id = workerId.toLowerCase();
  const end = await storage.workers.remove(id, `worker ${id} left`);
  owners.forget(id);
  // Waiting claims of this worker fail at once instead of at their next poll.
  waitingClaims.refresh(id);
  if (end === undefined) throw workerNotFound();
  meter.transitioned(end.tasks, "lost");
  return {
    value: null,
    events: [...createRequeueEvents(end.tasks, id), ...createJobsChangedEvents(end.rooms)],
  };
};
