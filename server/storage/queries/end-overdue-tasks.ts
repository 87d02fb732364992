import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import { endOfAttempt } from "./end-of-attempt.ts";

/** Running tasks over their `timeout_seconds` fail or are tried again; rows that somebody is changing are left for next time. */
export const endOverdueTasks = async (db: Sql, limit: number) => {
  const error = sql`('timed out after ' || t.timeout_seconds || ' s')`;
  const { rows } = await sql<TaskRow>`
    with overdue as materialized (
      select t.id from joblib.task as t
      where t.status = 'running' and t.timeout_seconds is not null
        and t.started_at + make_interval(secs => t.timeout_seconds) < clock_timestamp()
      order by t.started_at limit ${limit}::int
      for update skip locked
    ),
    moved as (
      update joblib.task as t set ${endOfAttempt({ error, holdEnd: "timed_out" })}
      from overdue where t.id = overdue.id returning t.*
    )
    ${selectTasks("moved")} order by t.number`.execute(db);
  return rows;
};
