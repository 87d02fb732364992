import { sql } from "kysely";
import {
  CLAIMED_TASK_COLUMNS,
  type ClaimedTextRow,
  NULL_TASK_COLUMNS,
  selectClaimedTaskRows,
} from "../lazy-claimed-task.ts";
import type { Sql } from "../sessions.ts";
import { formatArray } from "./array-text.ts";
import { INDEX_ORDER, QUEUE_ORDER } from "./queue-order.ts";
import { defineStatement } from "./statement.ts";
import { touchWorkers } from "./touch-worker.ts";

/** What a worker asks for. */
export interface Claim {
  readonly workerId: string;
  readonly limit: number;
  /** The tasks come back running. */
  readonly start: boolean;
}

/** What is said once for each worker, beside the tasks; what is null of them is so where it is gone. */
export interface ClaimSummaryRow {
  id: null;
  /** Which of the workers, from 1. */
  ordinal: number;
  worker_id: string | null;
  user_id: string | null;
  /** Stands for the set of the worker's jobs. */
  job_set: string | null;
  /** When the statement's tasks were claimed. */
  claimed_at: string;
  /** All the workers are there, and have the same jobs; otherwise nothing was looked for. */
  have_same_jobs: boolean;
  /** Nothing was claimed: tasks of the jobs fell due and are not in the claim's index yet. */
  has_unpromoted: boolean;
  /** How many tasks were chosen; where fewer were claimed, rivals have changed the others meanwhile. */
  selected_count: number;
}

/** A task, for the slot of that number. */
export type ClaimedTaskRow = ClaimedTextRow & { readonly ordinal: number };

/** In no order. */
export type ClaimRow = ClaimSummaryRow | ClaimedTaskRow;

/** What goes for all claims of one statement. */
export interface ClaimStatementOptions {
  /** Claim even where tasks that fell due wait to be promoted. */
  readonly ignoreUnpromoted: boolean;
  /** A backoff that need not be sent: most tasks have the same. */
  readonly knownBackoff: string;
  /** The workers whose signs of life are to be noted. */
  readonly touchedWorkerIds: readonly string[];
}

/** The due tasks of a job: an index probe, which is to be ordered. */
const dueOf = (jobId: string) => sql`
  select t.ctid as tid, t.priority, t.number from joblib.task as t
  where t.job_id = ${sql.raw(jobId)} and t.status = 'pending' and t.due`;

/**
 * Tasks for many workers that are linked to the same jobs, each its own share, in one order for all. One ordered index
 * probe for each job (`job_id = any` with an order reads the whole backlog: 500 times slower). The tasks of a single
 * job are locked as they are met, skip-locked, so that rivals never wait for, or repeat, each other; of several jobs
 * the best are chosen first and then locked, or a claim of 100 by a worker of 100 jobs would lock 10,000 rows. These
 * are taken by whole places: to sort within them 100 times took 0.2 ms more. The
 * CTEs are materialized, because a rescan would lock more; each look is ordered, because without that the planner
 * prefers to read the table where it expects to meet a row soon.
 *
 * Locking the workers keeps their end from missing the tasks. Claims share those locks and hold nothing else yet, so
 * one that waits for a worker's end holds up nobody. Where a worker is gone, or its jobs are others than was thought, nobody
 * is served: each claims again among its like.
 *
 * A row that is locked is found again by its `ctid`, which does not move while it is locked. Where a rival changed a row
 * after this statement began, and it may be claimed still, the lock is on a version that this statement does not see: it
 * is left out, and counts as chosen and not claimed, so that the claim looks again.
 *
 * Few nodes, for PostgreSQL prepares each of them for every run: without a task this takes 130 µs, and took 200 when each
 * step was a CTE, and workers and tasks were joined by looking at each with each.
 */
const claimWith = (hasSigns: boolean) =>
  defineStatement<
    ClaimRow,
    [
      workers: string,
      slots: string,
      starts: string,
      evenIfOverdue: boolean,
      knownBackoff: string,
      signs: string,
    ]
  >(
    (workers, slots, starts, evenIfOverdue, knownBackoff, signs) => sql`
    with claimers as materialized (
      select a.nth, w.* from unnest(${workers}::uuid[]) with ordinality as a(id, nth)
      left join lateral (
        select l.id, l.user_id, array(
          select wj.job_id from joblib.worker_job as wj
          where wj.worker_id = l.id and (select j.removed_at is null from joblib.job as j where j.id = wj.job_id)
          order by wj.job_id
        ) as jobs
        from (select id, user_id from joblib.worker where id = a.id for key share) as l offset 0
      ) as w on true
    ),
    lead as materialized (
      select *, served and not overdue as is_open from (
        select *, clock_timestamp() as at, not ${evenIfOverdue}::boolean and exists (
          select 1 from unnest(jobs) as j(job_id) cross join lateral (
            select 1 from joblib.task as t
            where t.job_id = j.job_id and t.status = 'pending' and not t.due and t.run_at <= now()
            order by t.run_at limit 1
          ) as d
        ) as overdue
        from (
          select min(jobs) as jobs, count(jobs) = count(*) and min(jobs) = max(jobs) as served from claimers
        ) as s offset 0
      ) as l
    ),
    chosen as materialized (
      select c.* from lead cross join unnest(lead.jobs) as j(job_id) cross join lateral (
        ${dueOf("j.job_id")} order by ${INDEX_ORDER} fetch first (cardinality(${slots}::integer[])) rows with ties
      ) as c
      where lead.is_open and cardinality(lead.jobs) > 1
      order by c.priority desc, c.number limit cardinality(${slots}::integer[])
    ),
    picked as materialized (
      select tid, (row_number() over (order by tid is null, priority desc, number))::integer as nth from (
        select c.* from lead cross join lateral (
          ${dueOf("lead.jobs[1]")} order by ${QUEUE_ORDER} limit cardinality(${slots}::integer[])
          for update skip locked
        ) as c
        where lead.is_open and cardinality(lead.jobs) = 1
        union all
        -- Looked at afterwards: with the condition inside, the index of all due tasks would be read.
        select case when t.status = 'pending' and t.due then t.tid end, chosen.priority, chosen.number
        from chosen left join lateral (
          select ctid as tid, status, due from joblib.task where ctid = chosen.tid limit 1 for update skip locked
        ) as t on true
      ) as c
    ),
    claimed as (
      update joblib.task as t set
        status = case when (${starts}::boolean[])[picked.nth] then 'running' else 'claimed' end,
        started_at = case when (${starts}::boolean[])[picked.nth] then (select at from lead) end,
        runs = t.runs + case when (${starts}::boolean[])[picked.nth] then 1 else 0 end,
        worker_id = (${workers}::uuid[])[(${slots}::integer[])[picked.nth]],
        attempt = t.attempt + 1, claimed_at = (select at from lead), version = t.version + 1,
        -- They are null of a pending task, and so not sent.
        completed_at = null, error = null, result = null, progress = null
      from picked where t.ctid = picked.tid
      returning picked.nth, ${CLAIMED_TASK_COLUMNS}
    )
    ${hasSigns ? sql`, ${touchWorkers(signs)}` : sql``}
    select nth, ${selectClaimedTaskRows(knownBackoff)}, null as worker_id, null as user_id, null as job_set,
      null as claimed_at, null as served, null as overdue, null as chosen
    from claimed
    union all
    select c.nth::integer, ${NULL_TASK_COLUMNS}, c.id, c.user_id, md5(c.jobs::text),
      lead.at::text, lead.served, lead.overdue, (select count(*) from picked)::integer
    from lead cross join claimers as c`,
  );

const CLAIM = { plain: claimWith(false), signed: claimWith(true) };

/** Where each worker of the claims stands among them, from 1; each has one head. */
export const numberWorkers = (claims: readonly Claim[]): ReadonlyMap<string, number> => {
  const workers = new Set(claims.map(({ workerId }) => workerId));
  return new Map([...workers].map((id, index) => [id, index + 1]));
};

/** Runs it: a slot for each task that is asked for, in the order of the claims. */
export const claimTasks = (
  db: Sql,
  claims: readonly Claim[],
  { ignoreUnpromoted: evenIfOverdue, knownBackoff, touchedWorkerIds: signs }: ClaimStatementOptions,
): Promise<ClaimRow[]> => {
  const numbers = numberWorkers(claims);
  const slots: number[] = [];
  const starts: string[] = [];
  for (const { workerId, limit, start } of claims) {
    for (let count = 0; count < limit; count += 1) {
      slots.push(numbers.get(workerId) ?? 0);
      starts.push(start ? "t" : "f");
    }
  }
  return CLAIM[signs.length > 0 ? "signed" : "plain"](
    db,
    ...([formatArray(numbers.keys()), formatArray(slots), formatArray(starts)] as const),
    ...([evenIfOverdue, knownBackoff, formatArray(signs)] as const),
  );
};
