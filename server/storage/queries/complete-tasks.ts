import { sql } from "kysely";
import { getOrigins } from "../../../protocol/index.ts";
import type { Sql } from "../sessions.ts";
import type { Completion } from "../task-completions.ts";
import { formatArray } from "./array-text.ts";
import { toJsonText } from "./json-text.ts";
import { defineStatement } from "./statement.ts";
import { touchWorkers } from "./touch-worker.ts";

/** A task that was completed, and which of the completions did it. */
export interface CompletedTaskRow {
  call_index: number;
  room_id: string;
  job_id: string;
  completed_at: string;
  ran_seconds: number;
}

const ORIGINS = sql.join(getOrigins("completed").map((status) => sql.lit(status)));

/**
 * The same as a step to `completed` by the worker itself, which is what nearly every task ends by: what it needs alone, and
 * in arrays, for records are read member by member. Without a task it takes 40 µs, where the general step took 120. In the order of their ids, as every step.
 *
 * Where nobody checked a result, the job must have promised nothing about it. The schemas of a job never change, so one that
 * a completion has met without is known to have none (`free`); the others are looked up.
 */
const completeWith = (hasSigns: boolean) =>
  defineStatement<
    CompletedTaskRow,
    [
      places: string,
      ids: string,
      workers: string,
      attempts: string,
      results: string,
      free: string,
      signs: string,
    ]
  >(
    (places, ids, workers, attempts, results, free, signs) => sql`
    with steps as materialized (
      select s.place, s.id, s.worker_id, s.attempt, s.result
      from rows from (unnest(${places}::integer[]), unnest(${ids}::uuid[]), unnest(${workers}::uuid[]),
        unnest(${attempts}::integer[]), json_array_elements_text(${results}::json)
      ) as s(place, id, worker_id, attempt, result)
      -- Always so, but the planner expects one row of an equality, and so looks each task up.
      where s.place % 1 = 0
    )
    ${hasSigns ? sql`, ${touchWorkers(signs)}` : sql``}
    update joblib.task as t set
      status = 'completed', completed_at = clock_timestamp(), error = null, result = s.result::json, version = t.version + 1,
      hold_ended_worker_id = t.worker_id, hold_ended_reason = 'reported'
    from steps as s
    -- Not the bare status: the index of all held tasks would be read in place of the one by id.
    where t.id = s.id and coalesce(t.status, '') in (${ORIGINS}) and t.worker_id = s.worker_id and t.attempt = s.attempt
      and (t.job_id = any(${free}::uuid[]) or exists (
        select 1 from joblib.job as j where j.id = t.job_id and j.result_schema is null))
    returning s.place, t.room_id, t.job_id, t.completed_at::text as completed_at,
      date_part('epoch', t.completed_at - t.started_at) as ran_seconds`,
  );

const COMPLETE = { plain: completeWith(false), signed: completeWith(true) };

const inOrder = (completions: readonly Completion[]) =>
  completions
    .map((completion, place) => ({ ...completion, call_index: place, id: completion.id.toLowerCase() }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

/** What a statement's completions bring along. */
interface CompletionStatementOptions {
  /** Jobs that are known to have promised nothing. */
  readonly jobsWithoutResultSchema: ReadonlySet<string>;
  /** The workers whose signs of life are to be noted. */
  readonly touchedWorkerIds: readonly string[];
}

/** Completes tasks of workers that know them, of jobs that promised nothing about their results. */
export const completeTasks = (
  db: Sql,
  completions: readonly Completion[],
  { jobsWithoutResultSchema: free, touchedWorkerIds: signs }: CompletionStatementOptions,
): Promise<CompletedTaskRow[]> => {
  const steps = inOrder(completions);
  // Most handlers return nothing: where none does, what is not there stands for it.
  const hasResults = steps.some(({ result }) => result !== undefined);
  return COMPLETE[signs.length > 0 ? "signed" : "plain"](
    db,
    formatArray(steps.map(({ call_index: place }) => place)),
    formatArray(steps.map(({ id }) => id)),
    formatArray(steps.map(({ workerId }) => workerId)),
    formatArray(steps.map(({ attempt }) => attempt)),
    hasResults ? JSON.stringify(steps.map(({ result }) => toJsonText(result) ?? null)) : "[]",
    formatArray(free),
    formatArray(signs),
  );
};
