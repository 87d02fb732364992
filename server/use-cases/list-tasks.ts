import type { Page, Task, TaskPageQuery, TaskStatus } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { jobNotFound, resolveJobName } from "./job-names.ts";
import { validationError } from "./schema-checks.ts";
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
  { limit, offset, after }: TaskPageQuery,
): Promise<Page<Task>> => {
  const job = jobName === undefined ? undefined : await storage.jobs.peek(resolveJobName(jobName, roomId));
  if (jobName !== undefined && job === undefined) throw jobNotFound();
  const of = {
    roomId,
    ...(status === undefined ? {} : { status }),
    ...(job === undefined ? {} : { jobId: job.id }),
  };
  const listed = await storage.tasks.list(of, { limit, offset, after });
  if (listed === undefined) {
    throw validationError("The query does not fit.", [
      { pointer: "/after", detail: "names no task of this room" },
    ]);
  }
  return {
    items: listed.items.map((record) => wireTask(settings, record)),
    total: listed.total,
    limit,
    offset,
  };
};
