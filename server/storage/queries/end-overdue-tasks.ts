import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import { setAttemptFailed } from "./lease-end.ts";

const isOverdue = sql`t.status = 'running' and t.timeout_seconds is not null
  and t.started_at + make_interval(secs => t.timeout_seconds) < clock_timestamp()`;

/** The ids of running tasks over their `timeout_seconds`, longest first. */
export const findOverdueTaskIds = async (db: Sql, limit: number): Promise<string[]> => {
  const { rows } = await sql<{ id: string }>`
    select t.id from joblib.task as t where ${isOverdue} order by t.started_at limit ${limit}::int`.execute(
    db,
  );
  return rows.map(({ id }) => id);
};

/** Running tasks over their time, or the one of them that is named, fail or are tried again; rows that somebody is changing are left for next time. */
export const endOverdueTasks = async (db: Sql, limit: number, only?: string) => {
  const error = sql`('timed out after ' || t.timeout_seconds || ' s')`;
  const named = only === undefined ? sql`` : sql`and t.id = ${only}::uuid`;
  const { rows } = await sql<TaskRow>`
    with overdue as materialized (
      select t.id from joblib.task as t where ${isOverdue} ${named}
      order by t.started_at limit ${limit}::int
      for update skip locked
    ),
    moved as (
      update joblib.task as t set ${setAttemptFailed({ error, leaseEnd: "timed_out" })}
      from overdue where t.id = overdue.id returning t.*
    )
    ${selectTasks("moved")} order by t.number`.execute(db);
  return rows;
};
