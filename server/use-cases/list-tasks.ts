import type { Page, PageQuery, Task, TaskStatus } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { jobNotFound, resolveJobName } from "./job-names.ts";
import { wireTask } from "./wire.ts";

/** Whose tasks, and which of them. */
export interface TaskFilter {
  readonly roomId: string;
  readonly status?: TaskStatus | undefined;
  readonly jobName?: string;
}

/** A room's tasks, or those of one job in it. */
export const listTasks = async (
  { storage, settings }: Pick<Context, "storage" | "settings">,
  { roomId, status, jobName }: TaskFilter,
  window: PageQuery,
): Promise<Page<Task>> => {
  const job = jobName === undefined ? undefined : await storage.jobs.peek(resolveJobName(jobName, roomId));
  if (jobName !== undefined && job === undefined) throw jobNotFound();
  const of = {
    roomId,
    ...(status === undefined ? {} : { status }),
    ...(job === undefined ? {} : { jobId: job.id }),
  };
  const { items, total } = await storage.tasks.list(of, { limit: window.limit, offset: window.offset });
  return {
    items: items.map((record) => wireTask(settings, record)),
    total,
    limit: window.limit,
    offset: window.offset,
  };
};
