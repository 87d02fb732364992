import { type RawBuilder, sql } from "kysely";
import type { JobAddress } from "../../../../protocol/index.ts";
import type { WorkerJobs } from "../../queries/workers.ts";
import { formatTime } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, formatArray } from "../../sql/statement.ts";
import type { ClaimedValues } from "../../task-columns.ts";
import { selectJobsWithTasks, selectNextJobOfWorker, selectUnmarkedTask } from "../jobs-with-tasks.ts";
import {
  CLAIMED_TASK_COLUMNS,
  LazyClaimedTask,
  NULL_TASK_COLUMNS,
  selectClaimedTaskRows,
} from "../lazy-claimed-task.ts";
import { buildMergeOrder, INDEX_ORDER, QUEUE_ORDER } from "../queue-order.ts";
import { touchWorkers } from "./heartbeat.ts";

/** A worker's request for tasks. */
export interface Claim {
  readonly workerId: string;
  /** The worker's jobs, which may be outdated. All claims of a statement have the same jobs. */
  readonly jobs: WorkerJobs;
  readonly limit: number;
  /** True if the claim also starts the tasks. */
  readonly start: boolean;
}

/**
 * The row that a claim returns for each worker, in addition to the rows of tasks. Nullable columns
 * are null if the worker is gone.
 */
interface ClaimSummaryRow {
  id: null;
  /** Number of the worker in the statement, from 1. */
  ordinal: number;
  worker_id: string | null;
  user_id: string | null;
  jobs_version: number | null;
  /** The time that the statement stored as `claimed_at`. */
  claimed_at: string;
  /**
   * True if all workers exist and have the expected jobs. If false, the statement claimed nothing.
   */
  have_expected_jobs: boolean;
  /**
   * True if the `run_at` of a delayed task has passed and no statement has marked it as due yet. If
   * true, the statement claimed nothing.
   */
  has_unmarked: boolean;
  /**
   * Number of selected tasks. If fewer were claimed, concurrent statements changed the missing
   * ones.
   */
  selected_count: number;
}

/** A claimed task. `ordinal` is the number of the slot that the task is for, from 1. */
type ClaimedTaskRow = ClaimedValues & { readonly ordinal: number };

interface ClaimRows {
  /** One row for each worker, by the number of the worker in the statement. */
  readonly summaries: ReadonlyMap<number, ClaimSummaryRow>;
  /** The claimed tasks in the order of the queue. */
  readonly tasks: readonly ClaimedTaskRow[];
}

/** The result of one claim of a batch. */
export interface ClaimResult {
  /** Null if the worker is gone. */
  readonly jobsVersion: number | null;
  /**
   * True if all workers of the batch exist and have the expected jobs. If false, the statement
   * claimed nothing.
   */
  readonly haveExpectedJobs: boolean;
  /** True if a delayed task must be marked as due first. Then the statement claimed nothing. */
  readonly hasUnmarkedTasks: boolean;
  /**
   * True if other transactions changed some of the selected tasks before this statement locked
   * them.
   */
  readonly isContended: boolean;
  readonly records: readonly LazyClaimedTask[];
}

export interface ClaimStatementOptions {
  /** True to claim although some delayed tasks must still be marked as due. */
  readonly ignoreUnmarked: boolean;
  /**
   * The backoff that most tasks have, as JSON. The statement returns null instead of this backoff.
   */
  readonly expectedBackoff: string;
  /** True to record a heartbeat of each worker too. */
  readonly touchesWorkers: boolean;
}

/** Selects the due tasks of a job by an index probe. The caller appends an `order by`. */
const selectDueTasks = (jobId: RawBuilder<unknown>) => sql`
  select t.ctid as tid, t.priority, t.number from joblib.task as t
  where t.job_id = ${jobId} and t.status = 'pending' and t.due`;

type SearchVariant = "one-job" | "many-jobs";

/**
 * Claims tasks for many workers that are linked to the same jobs. The tasks have one order for all
 * workers, and each worker gets as many as it has slots. For each worker, the caller passes the
 * version of the worker's jobs that it has read. Each change of a worker's jobs increases this
 * version. If a worker is gone or its jobs have changed, the statement claims nothing, and each
 * worker claims again in a batch of workers with the same jobs.
 *
 * Each job takes one ordered index probe, because one scan with `job_id = any` and an order reads
 * the whole backlog, which is 500 times slower. The tasks of a single job are locked while they are
 * read, with `skip locked`, so that concurrent claims neither wait for each other nor select the
 * same tasks. With several jobs, the first tasks of all jobs are merged, and only the merged tasks
 * are locked, because a claim of 100 tasks by a worker with 100 jobs would otherwise lock 10,000
 * rows. In this case, the statement reads all tasks that share the last index key of a job (`with
 * ties`), because sorting the tasks of each key took 0.2 ms more for 100 jobs.
 *
 * The CTEs are materialized, because reading them again would lock more rows. Each lookup has an
 * order, because without one the planner prefers a sequential scan if it expects to find a row
 * soon.
 *
 * The statement locks the workers, so that the removal of a worker does not miss tasks that are
 * claimed concurrently. Claims share these locks, and have no other locks at that point, so a claim
 * that waits for a removal blocks no other statement.
 *
 * The update finds a locked row by its `ctid`, which does not change while the row is locked. If
 * another statement changed a row after this statement began, and the row can still be claimed,
 * then the locked version of the row is not visible to this statement, and the update skips the
 * task. The task counts as selected but not as claimed, so the claim is repeated.
 *
 * The statement has few plan nodes, because PostgreSQL initializes each of them for every
 * execution. If no task is due, the statement takes 130 µs. It took 200 µs when each step was a
 * CTE, and nested loops joined the workers and the tasks.
 */
const defineClaim = (variant: SearchVariant, touchesWorkers: boolean) =>
  defineStatement<
    ClaimSummaryRow | ClaimedTaskRow,
    [
      workers: string,
      versions: string,
      slots: string,
      starts: string,
      ignoreUnmarked: boolean,
      expectedBackoff: string,
    ]
  >((workers, versions, slots, starts, ignoreUnmarked, expectedBackoff) => {
    const firstWorker = sql`(${workers}::uuid[])[1]`;
    const limit = sql`cardinality(${slots}::integer[])`;
    const oneJob = sql`
      search cross join lateral (
        ${selectDueTasks(sql`(select wj.job_id from joblib.worker_job as wj where wj.worker_id = ${firstWorker} limit 1)`)}
        order by ${QUEUE_ORDER} limit ${limit} for update skip locked
      ) as c where search.can_claim`;
    const manyJobs = sql`(
        select c.* from search cross join ${selectJobsWithTasks("due", selectNextJobOfWorker(firstWorker))} as j
        cross join lateral (
          ${selectDueTasks(sql`j.job_id`)} order by ${INDEX_ORDER} fetch first (${limit}) rows with ties
        ) as c
        where search.can_claim order by ${buildMergeOrder("c")} limit ${limit}
      ) as c left join lateral (
        select ctid as tid, status, due from joblib.task where ctid = c.tid limit 1 for update skip locked
      ) as t on true`;
    // The status is checked after the lookup by `ctid`, because a condition on the status would
    // make the planner read the index of all due tasks instead.
    const tid =
      variant === "one-job" ? sql`c.tid` : sql`case when t.status = 'pending' and t.due then t.tid end`;
    return sql`
    with claimers as materialized (
      select a.ordinal, a.expected_version, w.* from unnest(${workers}::uuid[], ${versions}::integer[])
        with ordinality as a(id, expected_version, ordinal)
      left join lateral (
        select id as worker_id, user_id, jobs_version from joblib.worker where id = a.id for key share
      ) as w on true
    ),
    search as materialized (
      select *, have_expected_jobs and not has_unmarked as can_claim from (
        select *, clock_timestamp() as at,
          not ${ignoreUnmarked}::boolean and exists (${selectUnmarkedTask(selectNextJobOfWorker(firstWorker))}) as has_unmarked
        from (
          select bool_and(jobs_version is not distinct from expected_version) as have_expected_jobs from claimers
        ) as s offset 0
      ) as l
    ),
    selected as materialized (
      select tid, (row_number() over (order by tid is null, ${buildMergeOrder("c")}))::integer as ordinal from (
        select ${tid} as tid, c.priority, c.number from ${variant === "one-job" ? oneJob : manyJobs}
      ) as c
    ),
    claimed as (
      update joblib.task as t set
        status = case when (${starts}::boolean[])[selected.ordinal] then 'running' else 'claimed' end,
        started_at = case when (${starts}::boolean[])[selected.ordinal] then (select at from search) end,
        runs = t.runs + case when (${starts}::boolean[])[selected.ordinal] then 1 else 0 end,
        worker_id = (${workers}::uuid[])[(${slots}::integer[])[selected.ordinal]],
        attempt = t.attempt + 1, claimed_at = (select at from search), version = t.version + 1,
        -- Null in every claimed task, so the statement does not return these columns.
        completed_at = null, error = null, result = null, progress = null
      from selected where t.ctid = selected.tid
      returning selected.ordinal, ${CLAIMED_TASK_COLUMNS}
    )
    ${touchesWorkers ? sql`, ${touchWorkers(workers)}` : sql``}
    select ordinal, ${selectClaimedTaskRows(expectedBackoff)}, null as worker_id, null as user_id,
      null::integer as jobs_version, null as claimed_at, null as have_expected_jobs, null as has_unmarked,
      null as selected_count
    from claimed
    union all
    select c.ordinal::integer, ${NULL_TASK_COLUMNS}, c.worker_id, c.user_id, c.jobs_version,
      search.at::text, search.have_expected_jobs, search.has_unmarked, (select count(*) from selected)::integer
    from search cross join claimers as c`;
  });

const CLAIM_STATEMENTS = {
  "one-job": { withoutHeartbeat: defineClaim("one-job", false), withHeartbeat: defineClaim("one-job", true) },
  "many-jobs": {
    withoutHeartbeat: defineClaim("many-jobs", false),
    withHeartbeat: defineClaim("many-jobs", true),
  },
};

/**
 * Returns the version of each worker's jobs: the highest one, if the claims of a worker have read
 * several versions.
 */
function getVersions(claims: readonly Claim[]): Iterable<number> {
  const versions = new Map<string, number>();
  for (const { workerId, jobs } of claims) {
    versions.set(workerId, Math.max(jobs.version, versions.get(workerId) ?? 0));
  }
  return versions.values();
}

/** Numbers the workers of the claims from 1. Each worker has one summary row with this number. */
function numberWorkers(claims: readonly Claim[]): ReadonlyMap<string, number> {
  const workers = new Set(claims.map(({ workerId }) => workerId));
  return new Map([...workers].map((id, index) => [id, index + 1]));
}

/**
 * Claims tasks. Each requested task is a slot; the slots are numbered in the order of the claims.
 */
export async function executeClaims(
  db: Sql,
  claims: readonly Claim[],
  { ignoreUnmarked, expectedBackoff, touchesWorkers }: ClaimStatementOptions,
): Promise<ClaimRows> {
  const numbers = numberWorkers(claims);
  const slots: number[] = [];
  const starts: string[] = [];
  for (const { workerId, limit, start } of claims) {
    for (let count = 0; count < limit; count += 1) {
      slots.push(numbers.get(workerId) ?? 0);
      starts.push(start ? "t" : "f");
    }
  }
  const variant = (claims[0]?.jobs.ids.length ?? 0) > 1 ? "many-jobs" : "one-job";
  const rows = await CLAIM_STATEMENTS[variant][touchesWorkers ? "withHeartbeat" : "withoutHeartbeat"](
    db,
    ...([formatArray(numbers.keys()), formatArray(getVersions(claims))] as const),
    ...([formatArray(slots), formatArray(starts), ignoreUnmarked, expectedBackoff] as const),
  );
  const summaries = new Map<number, ClaimSummaryRow>();
  const tasks: ClaimedTaskRow[] = [];
  for (const row of rows) {
    if (row.id === null) summaries.set(row.ordinal, row);
    else tasks.push(row);
  }
  return { summaries, tasks: tasks.sort((a, b) => a.ordinal - b.ordinal) };
}

/**
 * Assigns the claimed tasks to the claims of the batch. Each claim has a range of `limit` slots,
 * and the `ordinal` of a task is the number of its slot.
 */
export function distributeTasks(
  claims: readonly Claim[],
  { summaries, tasks }: ClaimRows,
  backoff: string,
  jobs: ReadonlyMap<string, JobAddress>,
): ClaimResult[] {
  const workerNumbers = numberWorkers(claims);
  let lastSlot = 0;
  let next = 0;
  return claims.map((claim) => {
    lastSlot += claim.limit;
    const summary = summaries.get(workerNumbers.get(claim.workerId) ?? 0);
    const { worker_id: workerId = null, user_id: userId = null, claimed_at: claimedAt = "" } = summary ?? {};
    const hasWorker = workerId !== null && userId !== null;
    const context = hasWorker
      ? { workerId, userId, startedAt: claim.start ? formatTime(claimedAt) : null, backoff }
      : undefined;
    const records: LazyClaimedTask[] = [];
    for (let task = tasks[next]; task !== undefined && task.ordinal <= lastSlot; task = tasks[next]) {
      next += 1;
      const job = jobs.get(task.job_id);
      if (context === undefined || job === undefined) {
        throw new Error("a claimed task has no worker or no job");
      }
      records.push(new LazyClaimedTask(task, context, job));
    }
    return {
      jobsVersion: summary?.jobs_version ?? null,
      haveExpectedJobs: summary?.have_expected_jobs === true,
      hasUnmarkedTasks: summary?.has_unmarked === true,
      isContended: (summary?.selected_count ?? 0) > tasks.length,
      records,
    };
  });
}
