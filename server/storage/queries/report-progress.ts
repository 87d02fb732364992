import { sql } from "kysely";
import type { Progress } from "../../../protocol/index.ts";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import { touchWorker } from "./touch-worker.ts";

/** How far a running task has come, and under which fence that is said. */
export interface ProgressReport {
  readonly id: string;
  readonly progress: Progress;
  readonly workerId?: string;
  readonly attempt?: number;
}

/** The `where` of a fence: the row still names this worker, and is in this attempt. */
const fence = ({ workerId, attempt }: ProgressReport) => sql`
  ${workerId === undefined ? sql`` : sql`and t.worker_id = ${workerId}::uuid`}
  ${attempt === undefined ? sql`` : sql`and t.attempt = ${attempt}::int`}`;

/** Notes the progress of a task that is running. */
export const reportProgress = async (db: Sql, step: ProgressReport) => {
  const touched = step.workerId === undefined ? sql`` : sql`, ${touchWorker(step.workerId)}`;
  const { rows } = await sql<TaskRow>`
    with moved as (
      update joblib.task as t set progress = ${JSON.stringify(step.progress)}::jsonb, version = t.version + 1
      where t.id = ${step.id}::uuid and t.status = 'running' ${fence(step)}
      returning t.*
    ) ${touched}
    ${selectTasks("moved")}`.execute(db);
  return rows[0];
};
