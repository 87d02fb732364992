import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { setAttemptFailed, setRequeued } from "./lease-end.ts";

/**
 * The undelivered claims of a worker: it has leases for these tasks, they are missing from its heartbeat, and
 * they were claimed more than the grace period before the heartbeat.
 */
export interface UndeliveredClaims {
  readonly workerId: string;
  /** The tasks that the heartbeat lists. */
  readonly taskIds: readonly string[];
  readonly claimGraceSeconds: number;
  /**
   * When the heartbeat was recorded. This statement may run seconds later, and the heartbeat cannot list
   * tasks that were claimed in between.
   */
  readonly heartbeatAt: string;
}

/**
 * Requeues undelivered claimed tasks, and fails those that were started with their claim, or makes them
 * pending if attempts are left.
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
