import { type RawBuilder, sql } from "kysely";
import { getOrigins } from "../../../protocol/index.ts";
import { selectTransitionedTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import type { Transition } from "../storage.ts";
import { formatArray } from "./array-text.ts";
import { toJsonText } from "./json-text.ts";
import { setAttemptFailed } from "./lease-end.ts";
import { formatRecordset, selectRecordset } from "./recordset.ts";
import { defineStatement } from "./statement.ts";
import { touchWorkers } from "./touch-worker.ts";

/** A step, and whether its sender knows the task's payload already. */
export type TransitionStep = Transition & { readonly isPayloadKnown: boolean };

/** A task that was moved, and which of the steps moved it; without the payload where that is known. */
export type TransitionRow = Omit<TaskRow, "payload"> & { payload: string | null; call_index: number };

/** What is null or undefined is left out of the text: a record of the set has a null there. */
const asInput = (step: TransitionStep, place: number) => ({
  call_index: place,
  id: step.id,
  worker_id: step.workerId,
  attempt: step.attempt,
  error: step.error ?? undefined,
  result: toJsonText(step.result),
  progress: step.progress,
  unchecked: step.isResultUnchecked === true,
  known: step.isPayloadKnown,
});

const COLUMNS = `place integer, id uuid, worker_id uuid, attempt integer, error text, result text, progress jsonb,
  unchecked boolean, known boolean`;

// A step without a worker's name was taken by hand: the worker, who does not know, is told to let go.
const publishEvents = sql`case when s.worker_id is null then 'lost' else 'reported' end`;

const endHold = (reason: RawBuilder<unknown>) => sql`
  version = t.version + 1, hold_ended_worker_id = t.worker_id, hold_ended_reason = ${reason}`;

const progress = sql`progress = coalesce(s.progress, t.progress)`;

/** The `set` lists, over the task `t` and its step `s`. */
const CHANGES: Readonly<Record<Transition["to"], RawBuilder<unknown>>> = {
  running: sql`${progress}, status = 'running', started_at = clock_timestamp(), runs = t.runs + 1,
    version = t.version + 1`,
  completed: sql`${progress}, status = 'completed', completed_at = clock_timestamp(), error = null,
    result = s.result::json, ${endHold(publishEvents)}`,
  cancelled: sql`${progress}, status = 'cancelled', completed_at = clock_timestamp(), error = s.error,
    ${endHold(sql`'cancelled'`)}`,
  failed: setAttemptFailed({ error: sql`s.error`, leaseEnd: publishEvents, result: sql`s.result::json` }),
};

/** Where the result was not checked, the job must have promised nothing about it. */
const promise = sql`and (not s.unchecked or exists (
  select 1 from joblib.job as j where j.id = t.job_id and j.result_schema is null))`;

/**
 * Compare-and-set of many tasks' status, each under its own fence; those that are not as their step says are left out.
 * The statuses that they may come from are the state machine's. A task may be named once. In the order of their ids,
 * so that two servers that move the same tasks do not wait for each other.
 */
const transitionTo = (to: Transition["to"]) =>
  defineStatement<TransitionRow, [steps: string, workers: string]>((input, workers) => {
    const origins = sql.join(getOrigins(to).map((status) => sql.lit(status)));
    return sql<TransitionRow>`
    with steps as materialized (
      select * from ${selectRecordset(input, COLUMNS)} as s
    ),
    moved as (
      update joblib.task as t set ${CHANGES[to]}
      from steps as s
      -- Not the bare status: the index of all held tasks would be read in place of the one by id.
      where t.id = s.id and coalesce(t.status, '') in (${origins})
        and (s.worker_id is null or t.worker_id = s.worker_id)
        and (s.attempt is null or t.attempt = s.attempt)
        ${to === "completed" ? promise : sql``}
      returning t.*, s.place, s.known
    ),
    ${touchWorkers(workers)}
    ${selectTransitionedTasks("moved")}`;
  });

const TRANSITIONS = {
  running: transitionTo("running"),
  completed: transitionTo("completed"),
  failed: transitionTo("failed"),
  cancelled: transitionTo("cancelled"),
} satisfies Record<Transition["to"], unknown>;

/** Takes steps to one status; the rows say which step each was. */
export const transitionTasks = (
  db: Sql,
  to: Transition["to"],
  steps: readonly TransitionStep[],
): Promise<TransitionRow[]> => {
  const workers = new Set(steps.flatMap(({ workerId }) => (workerId === undefined ? [] : [workerId])));
  return TRANSITIONS[to](db, inOrder(steps.map(asInput)), formatArray(workers));
};

const inOrder = (steps: readonly { readonly id: string }[]): string =>
  formatRecordset([...steps].sort((a, b) => (a.id.toLowerCase() < b.id.toLowerCase() ? -1 : 1)));
