import { type RawBuilder, sql } from "kysely";
import { MOST_COUNTED, type TaskStatus } from "../../../protocol/index.ts";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import type { TaskWindow } from "../storage.ts";
import { QUEUE_POSITION } from "./queue-position.ts";

/** Which tasks a list is about. */
export interface TasksOf {
  readonly roomId: string;
  readonly status?: TaskStatus;
  readonly jobId?: string;
}

/** A window on a room's tasks, newest first, and how many there are; undefined where `after` is none of the room's. */
export const listTasks = async (db: Sql, of: TasksOf, { limit, offset, after }: TaskWindow) => {
  const cursor = after === undefined ? undefined : await findPlace(db, of.roomId, after);
  if (after !== undefined && cursor === undefined) return undefined;
  const follows =
    cursor && sql`and (p.created_at, p.task_id) < (${cursor.created_at}::timestamptz, ${after}::uuid)`;
  const page = await sql<TaskRow>`
    ${selectTasks("joblib.task", QUEUE_POSITION)}
    join (
      select p.task_id, p.created_at from ${places(of)} ${follows ?? sql``}
      order by p.created_at desc, p.task_id desc limit ${limit}::int offset ${offset}::int
    ) as page on page.task_id = t.id
    order by page.created_at desc, page.task_id desc`.execute(db);
  const count = await sql<{ total: number }>`
    select count(*)::int as total from (select from ${places(of)} limit ${MOST_COUNTED}::int) as counted`.execute(
    db,
  );
  return { rows: page.rows, total: count.rows[0]?.total ?? 0 };
};

const places = ({ roomId, status, jobId }: TasksOf): RawBuilder<unknown> => {
  // One by one in the list's order, rather than all of that status and then sorted.
  const alike = sql`cross join lateral (
    select from joblib.task as s where s.id = p.task_id and s.status = ${status} limit 1) as s`;
  return sql`joblib.task_place as p ${status === undefined ? sql`` : alike}
    where p.room_id = ${roomId} ${jobId === undefined ? sql`` : sql`and p.job_id = ${jobId}::uuid`}`;
};

const findPlace = async (db: Sql, roomId: string, id: string) => {
  // As text: a Date would lose the microseconds.
  const { rows } = await sql<{ created_at: string }>`
    select created_at::text as created_at from joblib.task
    where id = ${id}::uuid and room_id = ${roomId}`.execute(db);
  return rows[0];
};
