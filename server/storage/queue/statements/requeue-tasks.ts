import { type RawBuilder, sql } from "kysely";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { formatArray } from "../../sql/statement.ts";
import { buildMergeOrder } from "../queue-order.ts";
import { touchWorker } from "./heartbeat.ts";
import { setAttemptFailed, setRequeued } from "./transition-values.ts";

/**
 * Runs an `update` of tasks `t`, and records a heartbeat of the worker if an id is passed. Returns
 * the tasks in the order of the queue.
 */
export async function runTaskUpdate(
  db: Sql,
  update: RawBuilder<unknown>,
  workerId?: string,
): Promise<TaskRow[]> {
  const { rows } = await sql<TaskRow>`
    with updated as (${update} returning t.*)
    ${workerId === undefined ? sql`` : sql`, ${touchWorker(workerId)}`}
    ${selectTasks("updated")} order by ${buildMergeOrder("t")}, t.id`.execute(db);
  return rows;
}

/** Requeues claimed tasks that the worker has not started. */
export const requeueReleased = (db: Sql, workerId: string, taskIds: readonly string[]): Promise<TaskRow[]> =>
  runTaskUpdate(
    db,
    sql`update joblib.task as t set ${setRequeued("reported")}
      where t.id = any(${formatArray(taskIds)}::uuid[]) and t.status = 'claimed' and t.worker_id = ${workerId}::uuid`,
    workerId,
  );

/**
 * Undoes claims whose response was not delivered. If the claim also started the tasks, the start is
 * undone as well.
 */
export const unclaimTasks = (
  db: Sql,
  claims: readonly { readonly id: string; readonly attempt: number }[],
): Promise<TaskRow[]> =>
  runTaskUpdate(
    db,
    sql`update joblib.task as t set
        runs = t.runs - case when t.status = 'running' then 1 else 0 end, ${setRequeued("lost")}
      from jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) as c(id uuid, attempt integer)
      where t.id = c.id and t.attempt = c.attempt and t.status in ('claimed', 'running')`,
  );

/**
 * The undelivered claims of a worker. A claim is undelivered if the worker has the lease, the
 * worker's heartbeat does not list the task, and the task was claimed before the heartbeat by more
 * than the grace period.
 */
export interface UndeliveredClaims {
  readonly workerId: string;
  /** The tasks that the heartbeat lists. */
  readonly taskIds: readonly string[];
  readonly claimGraceSeconds: number;
  /**
   * The time at which the heartbeat was recorded. The statement that requeues tasks may run seconds
   * later, and the heartbeat cannot list tasks that were claimed in the meantime.
   */
  readonly heartbeatAt: string;
}

/**
 * Requeues undelivered tasks. If a task was started with its claim, its attempt ends: it is pending
 * again if attempts are left, otherwise it fails.
 */
export async function requeueUndelivered(
  db: Sql,
  { workerId, taskIds, claimGraceSeconds, heartbeatAt }: UndeliveredClaims,
): Promise<TaskRow[]> {
  const isUndelivered = sql`t.worker_id = ${workerId}::uuid
    and t.claimed_at < ${heartbeatAt}::timestamptz - make_interval(secs => ${claimGraceSeconds}::float8)
    and t.id not in (select id from listed)`;
  const error = sql`${`worker ${workerId} never received this task`}::text`;
  const { rows } = await sql<TaskRow>`
    with listed as materialized (
      select n.id::uuid as id from jsonb_array_elements_text(${JSON.stringify(taskIds)}::jsonb) as n(id)
    ),
    requeued as (
      update joblib.task as t set ${setRequeued("lost")}
      where t.status = 'claimed' and ${isUndelivered} returning t.*
    ),
    failed as (
      update joblib.task as t set ${setAttemptFailed({ error, leaseEnd: "lost" })}
      where t.status = 'running' and ${isUndelivered} returning t.*
    ),
    updated as (select * from requeued union all select * from failed)
    ${selectTasks("updated")}`.execute(db);
  return rows;
}
