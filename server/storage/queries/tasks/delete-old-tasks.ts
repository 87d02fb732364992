import { sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";

/**
 * Deletes finished tasks that ended more than this many days ago, oldest first. Returns how many were
 * deleted.
 */
export const deleteOldTasks = async (db: Sql, olderThanDays: number, limit: number): Promise<number> => {
  const { rows } = await sql<{ id: string }>`
    with old as materialized (
      select id from joblib.task
      where completed_at < now() - make_interval(secs => ${olderThanDays * 86_400}::float8)
      order by completed_at limit ${limit}::int
      for update skip locked
    ),
    deleted as (
      delete from joblib.task as t using old where t.id = old.id returning t.id, t.room_id, t.created_at
    ),
    deleted_late_results as (
      delete from joblib.late_result as l using deleted as d where l.task_id = d.id
    ),
    deleted_logs as (
      delete from joblib.task_log as l using deleted as d where l.task_id = d.id
    ),
    deleted_list_entries as (
      delete from joblib.task_listing as l using deleted as d
      where l.room_id = d.room_id and l.created_at = d.created_at and l.task_id = d.id
    )
    select id from deleted`.execute(db);
  return rows.length;
};
