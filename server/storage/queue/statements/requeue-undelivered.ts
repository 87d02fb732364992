import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { setAttemptFailed, setRequeued } from "./lease-end.ts";

/**
 * The undelivered claims of a worker. A claim is undelivered if the worker has the lease, its heartbeat does
 * not list the task, and the task was claimed before the heartbeat by more than the grace period.
 */
export interface UndeliveredClaims {
  readonly workerId: string;
  /** The tasks that the heartbeat lists. */
  readonly taskIds: readonly string[];
  readonly claimGraceSeconds: number;
  /**
   * The time at which the heartbeat was recorded. This statement may run seconds later, and the heartbeat
   * cannot list tasks that were claimed in the meantime.
   */
  readonly heartbeatAt: string;
}

/**
 * Requeues undelivered tasks. If a task was started with its claim, its attempt ends: it is pending again if
 * attempts are left, otherwise it fails.
 */
export const requeueUndelivered = async (
  db: Sql,
  { workerId, taskIds, claimGraceSeconds, heartbeatAt }: UndeliveredClaims,
) => {
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
};
