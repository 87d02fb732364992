import { sql } from "kysely";
import type { Sql } from "../sessions.ts";
import { selectWireRows, type WireRow } from "../wire-row.ts";
import { recordset, recordsetText } from "./recordset.ts";
import { statement } from "./statement.ts";
import { touchWorkers } from "./touch-worker.ts";

/** What a worker asks for. */
export interface Claim {
  readonly workerId: string;
  readonly limit: number;
  /** The tasks come back running. */
  readonly start: boolean;
}

/** One row at least for each claim; without a task its `id` is null. */
export type ClaimRow = (WireRow | { id: null }) & {
  /** Which of the claims. */
  place: number;
  /** Stands for the set of the worker's jobs; null where the worker is gone. */
  job_set: string | null;
  /** The worker's jobs are those of the first claim, so it had its turn. */
  served: boolean;
  /** Nothing was claimed: tasks of the jobs fell due and are not in the claim's index yet. */
  overdue: boolean;
  /** Rivals took some of the tasks that were chosen, before they were locked. */
  contended: boolean;
};

/** The best of one job: an ordered index probe. */
const probe = sql`
  select t.id, t.priority, t.number from joblib.task as t
  where t.job_id = jobs.job_id and t.status = 'pending' and t.due
  order by t.priority desc, t.number limit (select wanted from total)`;

/**
 * Tasks for many workers that are linked to the same jobs, each its own share, in one order for all. One ordered index
 * probe for each job (`job_id = any` with an order reads the whole backlog: 500 times slower). The tasks of a single
 * job are locked as they are met, skip-locked, so that rivals never wait for, or repeat, each other; of several jobs
 * the best are chosen first and then locked, or a claim of 100 by a worker of 100 jobs would lock 10,000 rows. The
 * CTEs are materialized, because a rescan would lock more; each look is ordered, because without that the planner
 * prefers to read the table where it expects to meet a row soon. Locking the workers keeps their end from missing the
 * tasks.
 */
const claim = statement<ClaimRow, [asked: string, evenIfOverdue: boolean]>(
  (input, evenIfOverdue) => sql`
    with asked as materialized (
      select * from ${recordset(input, "place integer, worker_id uuid, wanted integer, start boolean")} as a
    ),
    claimers as materialized (
      select w.id, w.user_id from (select distinct worker_id from asked order by worker_id) as a
      cross join lateral (select id, user_id from joblib.worker where id = a.worker_id for key share) as w
    ),
    sets as materialized (
      select l.id, l.user_id, l.jobs, md5(l.jobs::text) as job_set from (
        select c.id, c.user_id, array(
          select wj.job_id from joblib.worker_job as wj
          where wj.worker_id = c.id and (select j.removed_at is null from joblib.job as j where j.id = wj.job_id)
          order by wj.job_id
        ) as jobs
        from claimers as c offset 0
      ) as l
    ),
    lead as materialized (
      select sets.jobs, sets.job_set from asked join sets on sets.id = asked.worker_id
      order by asked.place limit 1
    ),
    served as materialized (
      select a.*, sum(a.wanted) over (order by a.place) - a.wanted as before_it
      from asked as a join sets on sets.id = a.worker_id
      where sets.job_set = (select job_set from lead)
    ),
    total as materialized (select sum(wanted) as wanted from served),
    jobs as materialized (select unnest(lead.jobs) as job_id from lead),
    late as materialized (
      select not ${evenIfOverdue}::boolean and exists (
        select 1 from jobs cross join lateral (
          select 1 from joblib.task as t
          where t.job_id = jobs.job_id and t.status = 'pending' and not t.due and t.run_at <= now()
          order by t.run_at limit 1
        ) as d
      ) as overdue
    ),
    of_one as materialized (
      select c.* from jobs cross join lateral (${probe} for update skip locked) as c
      where (select count(*) from jobs) = 1 and not (select overdue from late)
    ),
    chosen as materialized (
      select c.* from jobs cross join lateral (${probe}) as c
      where (select count(*) from jobs) > 1 and not (select overdue from late)
      order by c.priority desc, c.number limit (select wanted from total)
    ),
    of_many as materialized (
      -- Found by id and looked at afterwards: with the condition inside, the index of all due tasks would be read.
      select t.id, t.priority, t.number from chosen cross join lateral (
        select id, priority, number, status, due from joblib.task where id = chosen.id
        limit 1 for update skip locked
      ) as t
      where t.status = 'pending' and t.due
    ),
    picked as materialized (
      select id, row_number() over (order by priority desc, number) as nth
      from (select * from of_one union all select * from of_many) as locked
    ),
    claimed as (
      update joblib.task as t set
        status = case when s.start then 'running' else 'claimed' end,
        started_at = case when s.start then clock_timestamp() end,
        runs = t.runs + case when s.start then 1 else 0 end,
        worker_id = s.worker_id, attempt = t.attempt + 1, claimed_at = clock_timestamp(), version = t.version + 1
      from picked join served as s on picked.nth > s.before_it and picked.nth <= s.before_it + s.wanted
      where t.id = picked.id returning t.*, s.place
    ),
    tasks as materialized (${selectWireRows("claimed", sql`, t.priority as rank, t.number, t.place as taken_by`)}),
    ${touchWorkers(sql`select id from claimers`)}
    select tasks.*, asked.place, sets.user_id, sets.job_set, sets.job_set = (select job_set from lead) as served,
      (select overdue from late) as overdue,
      (select count(*) from chosen) > (select count(*) from of_many) as contended
    from asked
    left join sets on sets.id = asked.worker_id
    left join tasks on tasks.taken_by = asked.place
    order by asked.place, tasks.rank desc, tasks.number`,
);

/** Runs it; the rows of each claim stand together, best first. */
export const claimTasks = (
  db: Sql,
  claims: readonly Claim[],
  evenIfOverdue: boolean,
): Promise<ClaimRow[]> => {
  const asked = claims.map(({ workerId, limit, start }, place) => ({
    place,
    worker_id: workerId,
    wanted: limit,
    start,
  }));
  return claim(db, recordsetText(asked), evenIfOverdue);
};
