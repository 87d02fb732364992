import type { Page, PageQuery, Worker } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";

type Ports = Pick<Context, "storage" | "settings">;

/** The caller's own workers; an admin sees all. */
export const listWorkers = async (
  { storage, settings }: Ports,
  { actor }: Caller,
  { limit, offset }: PageQuery,
): Promise<Page<Worker>> => {
  const of = actor.isAdmin ? "all" : { userId: actor.id };
  const { items, total } = await storage.workers.list(
    of,
    { limit, offset },
    settings.worker_timeout_threshold,
  );
  return { items: [...items], total, limit, offset };
};

/** The workers of the jobs that are seen from a room. */
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
