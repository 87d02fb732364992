import type { Page, PageQuery, Worker } from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";

type Ports = Pick<Context, "storage" | "settings">;

/** Lists the caller's workers, or all workers if the caller is an admin. */
export const listWorkers = async (
  { storage, settings }: Ports,
  { actor }: Caller,
  { limit, offset }: PageQuery,
): Promise<Page<Worker>> => {
  const { items, total } = await storage.workers.list(
    actor.isAdmin ? "all" : { userId: actor.id },
    { limit, offset },
    settings.worker_timeout_threshold,
  );
  return { items: [...items], total, limit, offset };
};

/** Lists the workers of the jobs that are visible in a room. */
export const listRoomWorkers = async (
  { storage, settings }: Ports,
  roomId: string,
  { limit, offset }: PageQuery,
): Promise<Page<Worker>> => {
  const { items, total } = await storage.workers.list(
    { roomId },
    { limit, offset },
    settings.worker_timeout_threshold,
  );
  return { items: [...items], total, limit, offset };
};
