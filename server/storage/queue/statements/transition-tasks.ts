import { type RawBuilder, sql } from "kysely";
import { getOrigins } from "../../../../protocol/index.ts";
import type { Transition } from "../../../records.ts";
import { selectTransitionedTasks, type TaskRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import {
  defineStatement,
  formatArray,
  formatRecordset,
  selectRecordset,
  toJsonText,
} from "../../sql/statement.ts";
import { setAttemptFailed } from "./lease-end.ts";
import { touchWorkers } from "./touch-worker.ts";

/** A transition, and whether the caller already knows the task's payload. */
export type TransitionStep = Transition & { readonly isPayloadKnown: boolean };

/** A changed task and the index of the transition that changed it. A known payload is null. */
export type TransitionRow = Omit<TaskRow, "payload"> & { payload: string | null; call_index: number };

/**
 * Converts a transition to a record. Undefined members are omitted from the JSON and become null in the
 * recordset.
 */
const toRecord = (step: TransitionStep, index: number) => ({
  call_index: index,
  id: step.id,
  worker_id: step.workerId,
  attempt: step.attempt,
  error: step.error ?? undefined,
  result: toJsonText(step.result),
  progress: step.progress,
  is_result_unchecked: step.isResultUnchecked === true,
  is_payload_known: step.isPayloadKnown,
});

const COLUMNS = `call_index integer, id uuid, worker_id uuid, attempt integer, error text, result text, progress jsonb,
  is_result_unchecked boolean, is_payload_known boolean`;

// A transition without a worker id was requested by a user. The worker does not know about it, so its
// heartbeat reports a lost lease.
const leaseEnd = sql`case when s.worker_id is null then 'lost' else 'reported' end`;

const setLeaseEnded = (reason: RawBuilder<unknown>) => sql`
  version = t.version + 1, ended_lease_worker_id = t.worker_id, ended_lease_reason = ${reason}`;

const setProgress = sql`progress = coalesce(s.progress, t.progress)`;

/** The assignments of `update … set` for each new status. `t` is the task, and `s` is its transition. */
const SET_LISTS: Readonly<Record<Transition["to"], RawBuilder<unknown>>> = {
  running: sql`${setProgress}, status = 'running', started_at = clock_timestamp(), runs = t.runs + 1,
    version = t.version + 1`,
  completed: sql`${setProgress}, status = 'completed', completed_at = clock_timestamp(), error = null,
    result = s.result::json, ${setLeaseEnded(leaseEnd)}`,
  cancelled: sql`${setProgress}, status = 'cancelled', completed_at = clock_timestamp(), error = s.error,
    ${setLeaseEnded(sql`'cancelled'`)}`,
  failed: setAttemptFailed({ error: sql`s.error`, leaseEnd, result: sql`s.result::json` }),
};

/** If the result was not validated, check that the job has no result schema. */
const checkResult = sql`and (not s.is_result_unchecked or exists (
  select 1 from joblib.job as j where j.id = t.job_id and j.result_schema is null))`;

/**
 * Defines a compare-and-set of the status of many tasks. Each transition has its own fence, and is skipped if
 * it does not match its task. The state machine determines from which statuses it is allowed. A task may be
 * listed only once. The tasks are listed in the order of their ids, so that two servers that update the same
 * tasks do not deadlock.
 */
const defineTransition = (to: Transition["to"]) =>
  defineStatement<TransitionRow, [steps: string, workers: string]>((input, workers) => {
    const origins = sql.join(getOrigins(to).map((status) => sql.lit(status)));
    return sql<TransitionRow>`
    with steps as materialized (
      select * from ${selectRecordset(input, COLUMNS)} as s
    ),
    updated as (
      update joblib.task as t set ${SET_LISTS[to]}
      from steps as s
      -- An expression, because with the plain column the index of all leased tasks would be read.
      where t.id = s.id and coalesce(t.status, '') in (${origins})
        and (s.worker_id is null or t.worker_id = s.worker_id)
        and (s.attempt is null or t.attempt = s.attempt)
        ${to === "completed" ? checkResult : sql``}
      returning t.*, s.call_index, s.is_payload_known
    ),
    ${touchWorkers(workers)}
    ${selectTransitionedTasks("updated")}`;
  });

const TRANSITIONS = {
  running: defineTransition("running"),
  completed: defineTransition("completed"),
  failed: defineTransition("failed"),
  cancelled: defineTransition("cancelled"),
} satisfies Record<Transition["to"], unknown>;

/**
 * Changes the status of tasks. Returns the changed tasks. Skips a transition if the task's status, worker or
 * attempt does not match it.
 */
export const transitionTasks = (
  db: Sql,
  to: Transition["to"],
  steps: readonly TransitionStep[],
): Promise<TransitionRow[]> => {
  const workers = new Set(steps.flatMap(({ workerId }) => (workerId === undefined ? [] : [workerId])));
  return TRANSITIONS[to](db, formatSorted(steps.map(toRecord)), formatArray(workers));
};

const formatSorted = (records: readonly { readonly id: string }[]): string =>
  formatRecordset([...records].sort((a, b) => (a.id.toLowerCase() < b.id.toLowerCase() ? -1 : 1)));
