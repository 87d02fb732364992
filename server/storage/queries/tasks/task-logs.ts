import { sql } from "kysely";
import { type LogLevel, type LogPosition, MAX_LINES_PER_ATTEMPT } from "../../../../protocol/index.ts";
import type { NewLogLines } from "../../ports/task-logs.ts";
import type { Sql } from "../../sessions/orm.ts";

/** A stored log line. */
export interface LogLineRow {
  attempt: number;
  number: number;
  at: string;
  level: LogLevel;
  text: string;
}

/**
 * Stores log lines if the worker has the lease. Returns whether it has. Does not overwrite existing lines.
 */
export const appendLog = async (
  db: Sql,
  { taskId, attempt, workerId, lines }: NewLogLines,
): Promise<boolean> => {
  const accepted = lines.filter(({ number }) => number < MAX_LINES_PER_ATTEMPT);
  const { rows } = await sql<{ has_lease: boolean }>`
    with leased as materialized (
      select t.id from joblib.task as t
      where t.id = ${taskId}::uuid and t.attempt = ${attempt}::int and t.status = 'running'
        and (${workerId ?? null}::uuid is null or t.worker_id = ${workerId ?? null}::uuid)
      for key share
    ),
    inserted as (
      insert into joblib.task_log (task_id, attempt, number, at, level, text)
      select leased.id, ${attempt}::int, l.number, coalesce(l.at, now()), coalesce(l.level, 'info'), l.text
      from leased cross join lateral jsonb_to_recordset(${JSON.stringify(accepted)}::jsonb)
        as l(number integer, at timestamptz, level text, text text)
      on conflict (task_id, attempt, number) do nothing
    )
    select exists (select 1 from leased) as has_lease`.execute(db);
  return rows[0]?.has_lease === true;
};

/** Returns the lines of a task's log after a position. */
export const readLog = async (
  db: Sql,
  taskId: string,
  { after, limit }: { readonly after: LogPosition; readonly limit: number },
): Promise<LogLineRow[]> => {
  const { rows } = await sql<LogLineRow>`
    select attempt, number, at::text as at, level, text from joblib.task_log
    where task_id = ${taskId}::uuid and (attempt, number) > (${after.attempt}::int, ${after.number}::int)
    order by attempt, number limit ${limit}::int`.execute(db);
  return rows;
};
