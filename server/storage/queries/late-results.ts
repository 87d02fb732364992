import { sql } from "kysely";
import { isUuid } from "../ids.ts";
import type { LateResultKey, LateResultStorage, NewLateResult } from "../ports/tasks.ts";
import { setCompleted } from "../queue/statements/transition-values.ts";
import { selectTasks, type TaskRow, toTaskRecord } from "../rows.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { formatTimeInSql } from "../sql/statement.ts";

export const createLateResultStorage = ({ readRow, readRows }: Sessions): LateResultStorage => ({
  async store(late) {
    if (!isUuid(late.taskId) || !isUuid(late.workerId)) return false;
    return (await readRow(insertLateResult(late))) !== undefined;
  },

  async list(taskId) {
    if (!isUuid(taskId)) return [];
    const rows = await readRows(selectLateResults(taskId));
    return rows.map((row) => ({ ...row, result: JSON.parse(row.result) }));
  },

  async adopt(late) {
    const row = await readRow(adoptLateResult(late));
    return row && { record: toTaskRecord(row), previousWorkerId: row.previous_worker_id };
  },
});

/**
 * Stores the first late result of an attempt, if this worker had the lease and lost it, and if the
 * task is not completed. Returns a row if a result of this attempt is stored.
 */
const insertLateResult = (late: NewLateResult) => sql`
  insert into joblib.late_result as l (task_id, attempt, worker_id, user_id, result)
  select t.id, ${late.attempt}::int, ${late.workerId}::uuid, ${late.userId}, ${JSON.stringify(late.result)}::json
  from joblib.task as t
  where t.id = ${late.taskId}::uuid and t.status <> 'completed' and (
    t.errors @> jsonb_build_array(
      jsonb_build_object('attempt', ${late.attempt}::int, 'worker_id', ${late.workerId}::text))
    or (t.attempt = ${late.attempt}::int and t.ended_lease_worker_id = ${late.workerId}::uuid))
  on conflict (task_id, attempt, worker_id) do update set received_at = l.received_at
  returning l.attempt`;

interface LateResultRow {
  readonly attempt: number;
  readonly worker_id: string;
  readonly user_id: string;
  /** JSON text. */
  readonly result: string;
  readonly at: string;
}

const selectLateResults = (taskId: string) => sql<LateResultRow>`
  select l.attempt, l.worker_id, l.user_id, l.result::text as result, ${formatTimeInSql(sql`l.received_at`)} as at
  from joblib.late_result as l where l.task_id = ${taskId}::uuid order by l.received_at desc, l.attempt desc`;

/**
 * Completes a task with a late result, in any status except `completed`. If a worker has the lease,
 * the worker loses it. This is not a transition of the state machine: the result is already stored,
 * and the task may have ended.
 */
const adoptLateResult = ({ taskId, attempt, workerId }: LateResultKey) => sql<
  TaskRow & { previous_worker_id: string | null }
>`
  with late as materialized (
    select * from joblib.late_result
    where task_id = ${taskId}::uuid and attempt = ${attempt}::int and worker_id = ${workerId}::uuid
  ),
  locked as materialized (
    select t.id, case when t.status in ('claimed', 'running') then t.worker_id end as previous_worker_id
    from joblib.task as t where t.id = ${taskId}::uuid and t.status <> 'completed' for no key update
  ),
  updated as (
    update joblib.task as t set
      ${setCompleted(sql`late.result`)}, worker_id = late.worker_id, runs = greatest(t.runs, 1),
      ended_lease_worker_id = coalesce(locked.previous_worker_id, t.ended_lease_worker_id),
      ended_lease_reason = case when locked.previous_worker_id is null then t.ended_lease_reason else 'lost' end
    from late, locked where t.id = locked.id
    returning t.*, locked.previous_worker_id
  )
  ${selectTasks("updated", sql`, t.previous_worker_id`)}`;
