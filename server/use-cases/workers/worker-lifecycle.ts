import type { CreateWorkerRequest, NewWorker, WorkerDetails } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { Settings } from "../../settings/settings.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import { announceRemoval, createJobsChangedEvents, publish } from "../events.ts";
import { toWorkerDetails } from "./read-workers.ts";

/** Returns the recommended seconds between heartbeats: a quarter of the worker timeout. */
export function getHeartbeatSeconds(settings: Pick<Settings, "worker_timeout_seconds">): number {
  return settings.worker_timeout_seconds / 4;
}

export async function createWorker(
  { storage, settings, newId, owners }: Context,
  { actor }: Caller,
  { name = null }: CreateWorkerRequest,
): Promise<NewWorker> {
  const worker = await storage.workers.create({ id: newId(), name, userId: actor.id });
  owners.remember(worker.id, worker.userId);
  return {
    id: worker.id,
    name: worker.name,
    last_heartbeat: worker.lastHeartbeat,
    heartbeat_seconds: getHeartbeatSeconds(settings),
  };
}

/**
 * Drains a worker. The worker gets no more tasks, and the server responds to its long polls
 * immediately.
 */
export async function drainWorker(
  context: Context,
  caller: Caller,
  workerId: string,
): Promise<WorkerDetails> {
  const { storage, owners, waitingClaims, settings } = context;
  await owners.requireOwner(caller, workerId, true);
  const id = workerId.toLowerCase();
  if (!(await storage.workers.drain(id))) throw workerNotFound();
  const details = await storage.workers.findDetails(id, settings.worker_timeout_seconds);
  if (details === undefined) throw workerNotFound();
  waitingClaims.refresh(id);
  const rooms = details.jobs.map(({ roomId }) => roomId);
  publish(context, [{ kind: "worker-drained", workerId: id }, ...createJobsChangedEvents(rooms)]);
  return toWorkerDetails(context, caller, details);
}

/** Deregisters a worker. Its tasks fail or are requeued, and its unused jobs are removed. */
export async function removeWorker(context: Context, caller: Caller, workerId: string): Promise<void> {
  await context.owners.requireOwner(caller, workerId, true);
  const id = workerId.toLowerCase();
  const removal = await context.storage.workers.remove(id, `worker ${id} was removed`);
  announceRemoval(context, id, removal);
  if (removal === undefined) throw workerNotFound();
}
