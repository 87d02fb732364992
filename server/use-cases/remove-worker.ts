import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import { createJobsChangedEvents, createRequeueEvents, type ResultWithEvents } from "./events.ts";
import { workerNotFound } from "./worker-owners.ts";

/** A worker leaves: what it held fails or is offered again, its links go, and so do jobs that nobody is left for. */
export const removeWorker = async (
  { storage, owners, waitingClaims, meter }: Context,
  caller: Caller,
  workerId: string,
): Promise<ResultWithEvents<null>> => {
  await owners.require(caller, workerId, true);
  const id = workerId.toLowerCase();
  const end = await storage.workers.remove(id, `worker ${id} left`);
  owners.forget(id);
  // Its own waiting claims learn now that it is gone, not seconds later.
  waitingClaims.refresh(id);
  if (end === undefined) throw workerNotFound();
  meter.transitioned(end.tasks, "lost");
  return {
    value: null,
    events: [...createRequeueEvents(end.tasks, id), ...createJobsChangedEvents(end.rooms)],
  };
};
