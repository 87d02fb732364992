import { sql } from "kysely";
import type { Progress } from "../../../../protocol/index.ts";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { touchWorker } from "./touch-worker.ts";

/** The progress of a running task, and the fence of the worker that reports it. */
export interface ProgressReport {
  readonly id: string;
  readonly progress: Progress;
  readonly workerId?: string;
  readonly attempt?: number;
}

/** Builds the condition that the task still has this worker and this attempt. */
const buildFence = ({ workerId, attempt }: ProgressReport) => sql`
  ${workerId === undefined ? sql`` : sql`and t.worker_id = ${workerId}::uuid`}
  ${attempt === undefined ? sql`` : sql`and t.attempt = ${attempt}::int`}`;

/**
 * Stores the progress of a running task. Returns undefined if the task is not running or the fence does not
 * match.
 */
export const reportProgress = async (db: Sql, report: ProgressReport) => {
  const touch = report.workerId === undefined ? sql`` : sql`, ${touchWorker(report.workerId)}`;
  const { rows } = await sql<TaskRow>`
    with updated as (
      update joblib.task as t set progress = ${JSON.stringify(report.progress)}::jsonb, version = t.version + 1
      where t.id = ${report.id}::uuid and t.status = 'running' ${buildFence(report)}
      returning t.*
    ) ${touch}
    ${selectTasks("updated")}`.execute(db);
  return rows[0];
};
