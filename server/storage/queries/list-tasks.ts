import { sql } from "kysely";
import type { TaskStatus } from "../../../protocol/index.ts";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import type { Window } from "../storage.ts";
import { QUEUE_POSITION } from "./queue-position.ts";

/** Which tasks a list is about. */
export interface TasksOf {
  readonly roomId: string;
  readonly status?: TaskStatus;
  readonly jobId?: string;
}

/** A window on a room's tasks, newest first, and how many there are. */
export const listTasks = async (db: Sql, { roomId, status, jobId }: TasksOf, { limit, offset }: Window) => {
  const asked = sql`t.room_id = ${roomId}
    ${status === undefined ? sql`` : sql`and t.status = ${status}`}
    ${jobId === undefined ? sql`` : sql`and t.job_id = ${jobId}::uuid`}`;
  const page = await sql<TaskRow>`
    ${selectTasks("joblib.task", QUEUE_POSITION)} where ${asked}
    order by t.created_at desc, t.id desc limit ${limit}::int offset ${offset}::int`.execute(db);
  const count = await sql<{ total: number }>`
    select count(*)::int as total from joblib.task as t where ${asked}`.execute(db);
  return { rows: page.rows, total: count.rows[0]?.total ?? 0 };
};
