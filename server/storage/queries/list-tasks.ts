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
  // One by one in the list's order, rather than all of that status and then sorted.
  const alike = sql`cross join lateral (
    select 1 from joblib.task as s where s.id = p.task_id and s.status = ${status} limit 1) as s`;
  const places = sql`joblib.task_place as p ${status === undefined ? sql`` : alike}
    where p.room_id = ${roomId} ${jobId === undefined ? sql`` : sql`and p.job_id = ${jobId}::uuid`}`;
  const page = await sql<TaskRow>`
    ${selectTasks("joblib.task", QUEUE_POSITION)}
    join (
      select p.task_id, p.created_at from ${places}
      order by p.created_at desc, p.task_id desc limit ${limit}::int offset ${offset}::int
    ) as page on page.task_id = t.id
    order by page.created_at desc, page.task_id desc`.execute(db);
  const count = await sql<{ total: number }>`select count(*)::int as total from ${places}`.execute(db);
  return { rows: page.rows, total: count.rows[0]?.total ?? 0 };
};
