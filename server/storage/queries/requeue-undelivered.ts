import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import { setAttemptFailed, setRequeued } from "./lease-end.ts";

/** Which tasks a worker was given but never got: held by the row, not named, and claimed longer than the grace before the beat. */
export interface UndeliveredClaims {
  readonly workerId: string;
  readonly taskIds: readonly string[];
  readonly claimGraceSeconds: number;
  /** When the beat was noted: this statement may come seconds after it, and what was claimed between is none of its. */
  readonly heartbeatAt: string;
}

/** Unreceived tasks go back to pending, those that were started with their claim fail or are tried again. */
export const requeueUndelivered = async (
  db: Sql,
  { workerId, taskIds: named, claimGraceSeconds, heartbeatAt: beatAt }: UndeliveredClaims,
) => {
  const unreceived = sql`t.worker_id = ${workerId}::uuid
    and t.claimed_at < ${beatAt}::timestamptz - make_interval(secs => ${claimGraceSeconds}::float8)
    and t.id not in (select id from named)`;
  const error = sql`${`worker ${workerId} never received this task`}::text`;
  const { rows } = await sql<TaskRow>`
    with named as materialized (
      select n.id::uuid as id from jsonb_array_elements_text(${JSON.stringify(named)}::jsonb) as n(id)
    ),
    put_back as (
      update joblib.task as t set ${setRequeued("lost")}
      where t.status = 'claimed' and ${unreceived} returning t.*
    ),
    ended as (
      update joblib.task as t set ${setAttemptFailed({ error, leaseEnd: "lost" })}
      where t.status = 'running' and ${unreceived} returning t.*
    ),
    changed as (select * from put_back union all select * from ended)
    ${selectTasks("changed")}`.execute(db);
  return rows;
};
