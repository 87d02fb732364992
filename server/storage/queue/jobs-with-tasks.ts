import { type RawBuilder, sql } from "kysely";

/**
 * For due tasks and for delayed tasks: the condition of the partial index that contains them, and
 * the order of its columns. Without this `order by`, the planner may read another index.
 */
const PENDING_TASKS = {
  due: { condition: sql`t.status = 'pending' and t.due`, order: sql`t.job_id, t.priority desc` },
  delayed: { condition: sql`t.status = 'pending' and not t.due`, order: sql`t.job_id, t.run_at` },
};

/**
 * Builds a subquery that selects the first job whose id is at least `s.next_id`, or greater than
 * `s.next_id` if `s.is_match` is true. `s` is the recursive CTE of `selectJobsWithTasks`.
 */
type SelectNextJobId = () => RawBuilder<unknown>;

/** Selects the next id from the jobs that a worker is linked to. */
export const selectNextJobOfWorker =
  (workerId: RawBuilder<unknown>): SelectNextJobId =>
  () =>
    sql`
    select wj.job_id from joblib.worker_job as wj
    where wj.worker_id = ${workerId} and wj.job_id >= s.next_id and (wj.job_id > s.next_id or s.is_match is not true)
    order by wj.job_id limit 1`;

/** Selects the next id from `listed.ids`, a sorted array without duplicates, by binary search. */
export const selectNextListedJob: SelectNextJobId = () => sql`
    select listed.ids[n.place] as job_id from (
      select width_bucket(s.next_id, listed.ids) as place
    ) as p cross join lateral (
      select p.place + case when s.is_match is not true and listed.ids[p.place] = s.next_id then 0 else 1 end as place
    ) as n where n.place <= cardinality(listed.ids)`;

/**
 * Builds a subquery that selects the `job_id` of those jobs that have due or delayed tasks. It
 * merges two sorted lists: the ids of the given jobs, and the job ids in the index of tasks. Each
 * step skips in one list to the first id that is equal to or greater than the current id of the
 * other list. The shorter list limits the number of steps: a worker with 3,000 jobs and no due task
 * needs one step, whereas a lookup for each job took 19 ms (ADR 31).
 */
export const selectJobsWithTasks = (
  tasks: "due" | "delayed",
  selectNextJobId: SelectNextJobId,
): RawBuilder<unknown> => sql`(
    with recursive s(job_id, next_id, is_match) as (
      select null::uuid, '00000000-0000-0000-0000-000000000000'::uuid, false
      union all
      select j.job_id, n.job_id, j.job_id = n.job_id from s
      cross join lateral (${selectNextJobId()}) as j
      cross join lateral (
        select t.job_id from joblib.task as t where ${PENDING_TASKS[tasks].condition} and t.job_id >= j.job_id
        order by ${PENDING_TASKS[tasks].order} limit 1
      ) as n
    )
    select s.job_id from s where s.is_match
  )`;

/**
 * Builds a subquery that returns a row if one of the jobs has a delayed task whose `run_at` has
 * passed, but which is not marked as due yet.
 */
export const selectUnmarkedTask = (selectNextJobId: SelectNextJobId): RawBuilder<unknown> => sql`
    select 1 from ${selectJobsWithTasks("delayed", selectNextJobId)} as j cross join lateral (
      select 1 from joblib.task as t
      where t.job_id = j.job_id and t.status = 'pending' and not t.due and t.run_at <= now()
      order by t.run_at limit 1
    ) as d`;
