import { sql } from "kysely";
import { setAttemptFailed } from "../../queue/statements/lease-end.ts";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";

const isOverdue = sql`t.status = 'running' and t.timeout_seconds is not null
  and t.started_at + make_interval(secs => t.timeout_seconds) < clock_timestamp()`;

/** Returns the ids of running tasks that exceed their `timeout_seconds`, the earliest started first. */
export const findOverdueTaskIds = async (db: Sql, limit: number): Promise<string[]> => {
  const { rows } = await sql<{ id: string }>`
    select t.id from joblib.task as t where ${isOverdue} order by t.started_at limit ${limit}::int`.execute(
    db,
  );
  return rows.map(({ id }) => id);
};

/**
 * Ends running tasks that exceed their timeout: they are pending again if attempts are left, otherwise they
 * fail. With `taskId`, ends only this task. Skips locked rows, which the next sweep finds.
 */
export const endOverdueTasks = async (db: Sql, limit: number, taskId?: string) => {
  const error = sql`('timed out after ' || t.timeout_seconds || ' s')`;
  const isSelected = taskId === undefined ? sql`` : sql`and t.id = ${taskId}::uuid`;
  const { rows } = await sql<TaskRow>`
    with overdue as materialized (
      select t.id from joblib.task as t where ${isOverdue} ${isSelected}
      order by t.started_at limit ${limit}::int
      for update skip locked
    ),
    updated as (
      update joblib.task as t set ${setAttemptFailed({ error, leaseEnd: "timed_out" })}
      from overdue where t.id = overdue.id returning t.*
    )
    ${selectTasks("updated")} order by t.number`.execute(db);
  return rows;
};
