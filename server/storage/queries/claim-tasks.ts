import { sql } from "kysely";
import { selectTasks, type TaskRow } from "../rows.ts";
import type { Sql } from "../sessions.ts";
import { touchWorker } from "./touch-worker.ts";

/** What a worker asks for. */
export interface Claim {
  readonly workerId: string;
  readonly limit: number;
  /** The tasks come back running. */
  readonly start: boolean;
  /** Claim even where tasks that fell due wait to be promoted. */
  readonly evenIfOverdue: boolean;
}

/** One row at least where the worker is there; without a task its `id` is null. */
export type ClaimRow = (TaskRow | { id: null }) & {
  /** Nothing was claimed: tasks of the worker's jobs fell due and are not in the claim's index yet. */
  overdue: boolean;
  /** Nothing was claimed, though there are due tasks: a rival holds the best of each job for a moment, and takes only some. */
  contended: boolean;
};

/**
 * One ordered index probe for each of the worker's jobs (`job_id = any` with an order reads the whole backlog: 500
 * times slower), then the best of them. Skip-locked, so that rivals never wait for, or repeat, each other; the CTEs
 * are materialized, because a rescan would lock more rows; each look is ordered, because without that the planner
 * prefers to read the table where it expects to meet a row soon. Locking the worker keeps its end from missing the tasks.
 */
export const claimTasks = async (db: Sql, { workerId, limit, start, evenIfOverdue }: Claim) => {
  const started = start
    ? sql`'running', started_at = clock_timestamp(), runs = t.runs + 1`
    : sql`'claimed', started_at = null`;
  const { rows } = await sql<ClaimRow>`
    with claimer as materialized (
      select id from joblib.worker where id = ${workerId}::uuid for key share
    ),
    jobs as materialized (
      select wj.job_id from claimer
      join joblib.worker_job as wj on wj.worker_id = claimer.id
      join joblib.job as j on j.id = wj.job_id
      where j.removed_at is null
    ),
    late as materialized (
      select not ${evenIfOverdue}::boolean and exists (
        select 1 from jobs cross join lateral (
          select 1 from joblib.task as t
          where t.job_id = jobs.job_id and t.status = 'pending' and not t.due and t.run_at <= now()
          order by t.run_at limit 1
        ) as d
      ) as overdue
    ),
    picked as materialized (
      select c.id from jobs cross join lateral (
        select t.id, t.priority, t.number from joblib.task as t
        where t.job_id = jobs.job_id and t.status = 'pending' and t.due
        order by t.priority desc, t.number limit ${limit}::int
        for update skip locked
      ) as c
      where not (select overdue from late)
      order by c.priority desc, c.number limit ${limit}::int
    ),
    claimed as (
      update joblib.task as t set
        status = ${started}, worker_id = ${workerId}::uuid, attempt = t.attempt + 1,
        claimed_at = clock_timestamp(), version = t.version + 1
      from picked where t.id = picked.id returning t.*
    ),
    tasks as (${selectTasks("claimed", sql`, t.number`)}),
    ${touchWorker(workerId)}
    select tasks.*, late.overdue,
      tasks.id is null and (select count(*) > 1 from jobs) and exists (
        select 1 from jobs cross join lateral (
          select 1 from joblib.task as t
          where t.job_id = jobs.job_id and t.status = 'pending' and t.due
          order by t.priority desc, t.number limit 1
        ) as d
      ) as contended
    from claimer cross join late left join tasks on true
    order by tasks.priority desc, tasks.number`.execute(db);
  return rows;
};
