import { GLOBAL_ROOM, type Job, type Page, type PageQuery } from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import { toWireJob } from "../../wire.ts";

/** Lists the jobs that are visible in a room: the jobs of the room and those of `@global`. */
export const listJobs = async (
  { storage, settings }: Pick<Context, "storage" | "settings">,
  roomId: string,
  window: PageQuery,
): Promise<Page<Job>> => {
  const rooms = roomId === GLOBAL_ROOM ? [GLOBAL_ROOM] : [GLOBAL_ROOM, roomId];
  const { items, total } = await storage.jobs.list(rooms, window, settings.worker_timeout_threshold);
  return {
    items: items.map((job) => toWireJob(settings, job)),
    total,
    limit: window.limit,
    offset: window.offset,
  };
};
