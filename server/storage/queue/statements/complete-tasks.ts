import { sql } from "kysely";
import { getOrigins } from "../../../../protocol/index.ts";
import type { Completion } from "../../../records.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, formatArray, toJsonText } from "../../sql/statement.ts";
import { touchWorkers } from "./touch-worker.ts";

/** A completed task and the index of the completion that completed it. */
export interface CompletedTaskRow {
  call_index: number;
  room_id: string;
  job_id: string;
  completed_at: string;
  ran_seconds: number;
}

const ORIGINS = sql.join(getOrigins("completed").map((status) => sql.lit(status)));

/**
 * A special case of `transitionTasks` for a worker that completes its own tasks, which is how nearly every
 * task ends. It takes only what this case needs, as arrays, because the members of records are parsed one by
 * one. A call without a matching task takes 40 µs; the general transition took 120. The tasks are updated in
 * the order of their ids, as in every transition.
 *
 * The result is not validated, so the job must have no result schema. The schemas of a job never change, so a
 * job that has completed a task here is known to have none (`jobsWithoutResultSchema`). The statement looks
 * up the other jobs.
 */
const defineCompletion = (touchesWorkers: boolean) =>
  defineStatement<
    CompletedTaskRow,
    [
      indexes: string,
      ids: string,
      workers: string,
      attempts: string,
      results: string,
      jobsWithoutResultSchema: string,
      touchedWorkers: string,
    ]
  >(
    (indexes, ids, workers, attempts, results, jobsWithoutResultSchema, touchedWorkers) => sql`
    with completions as materialized (
      select s.call_index, s.id, s.worker_id, s.attempt, s.result
      from rows from (unnest(${indexes}::integer[]), unnest(${ids}::uuid[]), unnest(${workers}::uuid[]),
        unnest(${attempts}::integer[]), json_array_elements_text(${results}::json)
      ) as s(call_index, id, worker_id, attempt, result)
      -- Always true. The planner estimates one row for an equality, and so looks up each task by its id.
      where s.call_index % 1 = 0
    )
    ${touchesWorkers ? sql`, ${touchWorkers(touchedWorkers)}` : sql``}
    update joblib.task as t set
      status = 'completed', completed_at = clock_timestamp(), error = null, result = s.result::json, version = t.version + 1,
      ended_lease_worker_id = t.worker_id, ended_lease_reason = 'reported'
    from completions as s
    -- An expression, because with the plain column the index of all leased tasks would be read.
    where t.id = s.id and coalesce(t.status, '') in (${ORIGINS}) and t.worker_id = s.worker_id and t.attempt = s.attempt
      and (t.job_id = any(${jobsWithoutResultSchema}::uuid[]) or exists (
        select 1 from joblib.job as j where j.id = t.job_id and j.result_schema is null))
    returning s.call_index, t.room_id, t.job_id, t.completed_at::text as completed_at,
      date_part('epoch', t.completed_at - t.started_at) as ran_seconds`,
  );

const COMPLETE = { plain: defineCompletion(false), touching: defineCompletion(true) };

const sortById = (completions: readonly Completion[]) =>
  completions
    .map((completion, index) => ({ ...completion, index, id: completion.id.toLowerCase() }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

/** Options for all completions of one statement. */
interface CompletionStatementOptions {
  /** Ids of jobs that are known to have no result schema. */
  readonly jobsWithoutResultSchema: Iterable<string>;
  /** The workers whose heartbeats this statement records. */
  readonly touchedWorkerIds: readonly string[];
}

/** Completes tasks of jobs without a result schema, on behalf of the workers that run them. */
export const completeTasks = (
  db: Sql,
  completions: readonly Completion[],
  { jobsWithoutResultSchema, touchedWorkerIds }: CompletionStatementOptions,
): Promise<CompletedTaskRow[]> => {
  const sorted = sortById(completions);
  // Most tasks have no result. If none of these tasks has one, the list is empty; missing elements become
  // null.
  const hasResults = sorted.some(({ result }) => result !== undefined);
  return COMPLETE[touchedWorkerIds.length > 0 ? "touching" : "plain"](
    db,
    formatArray(sorted.map(({ index }) => index)),
    formatArray(sorted.map(({ id }) => id)),
    formatArray(sorted.map(({ workerId }) => workerId)),
    formatArray(sorted.map(({ attempt }) => attempt)),
    hasResults ? JSON.stringify(sorted.map(({ result }) => toJsonText(result) ?? null)) : "[]",
    formatArray(jobsWithoutResultSchema),
    formatArray(touchedWorkerIds),
  );
};
