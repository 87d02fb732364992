import type { CreateWorkerRequest, NewWorker } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { Settings } from "../../settings.ts";

/** Returns the recommended interval between heartbeats, in seconds: a quarter of `worker_timeout_threshold`. */
export const getHeartbeatSeconds = (settings: Pick<Settings, "worker_timeout_threshold">): number =>
  settings.worker_timeout_threshold / 4;

/** Creates a worker that belongs to the caller. */
export const createWorker = async (
  { storage, settings, newId, owners }: Context,
  { actor }: Caller,
  { name }: CreateWorkerRequest,
): Promise<NewWorker> => {
  const worker = await storage.workers.create({ id: newId(), name: name ?? null, userId: actor.id });
  owners.remember(worker.id, worker.userId);
  return {
    id: worker.id,
    name: worker.name,
    last_heartbeat: worker.lastHeartbeat,
    heartbeat_seconds: getHeartbeatSeconds(settings),
  };
};
