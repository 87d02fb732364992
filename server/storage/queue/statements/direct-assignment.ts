import { type RawBuilder, sql } from "kysely";
import type { Assignee } from "../../../records.ts";
import { formatRecordset, type Placeholder, selectRecordset } from "../../sql/statement.ts";
import { selectJobsWithTasks, selectNextJobOfWorker, selectUnmarkedTask } from "../jobs-with-tasks.ts";

const JOBS_OF_ASSIGNEE = selectNextJobOfWorker(sql`p.worker_id`);

/**
 * Builds a CTE that selects the assignees, from the text of `formatAssignees`. An assignee is a
 * waiting worker that receives the only task of a request, which is inserted as already claimed.
 * Direct assignment saves the claim, its commit and two iterations of the event loop. A worker is
 * selected only if no other task is due for its jobs, because the worker would otherwise claim that
 * task first. A worker whose row is locked may be deregistering. It is skipped, so that the insert
 * does not wait, and so that the removal of the worker does not miss the task.
 */
const buildCte = (proposed: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    assignees as materialized (
      select p.request_number, p.start, w.id as worker_id, w.user_id
      from ${proposed} as p
      cross join lateral (
        select id, user_id from joblib.worker where id = p.worker_id limit 1 for key share skip locked
      ) as w
      where not exists ${selectJobsWithTasks("due", JOBS_OF_ASSIGNEE)}
        and not exists (${selectUnmarkedTask(JOBS_OF_ASSIGNEE)})
    ),`;

export const buildAssigneesCte = (assignees: Placeholder): RawBuilder<unknown> =>
  buildCte(selectRecordset(assignees, "request_number integer, worker_id uuid, start boolean"));

/** Builds the CTE `assignees` for a single request. */
export const buildSingleAssigneeCte = (workerId: Placeholder, start: Placeholder): RawBuilder<unknown> =>
  buildCte(sql`(select 1 as request_number, ${workerId}::uuid as worker_id, ${start}::boolean as start)`);

/** The additional columns that an insert with direct assignment sets. */
export const ASSIGNED_COLUMNS = sql`, status, worker_id, attempt, runs, claimed_at, started_at, version`;

/**
 * The values of `ASSIGNED_COLUMNS`: as after a claim if the task has an assignee `a`, otherwise as
 * in a pending task.
 */
export const ASSIGNED_VALUES = sql`,
        case when a.request_number is null then 'pending' when a.start then 'running' else 'claimed' end, a.worker_id,
        case when a.request_number is null then 0 else 1 end, case when a.start then 1 else 0 end,
        case when a.request_number is not null then clock_timestamp() end, case when a.start then clock_timestamp() end,
        case when a.request_number is null then 1 else 2 end`;

/**
 * Joins the assignee `a` of the new task `i`, if the task is due and the worker is linked to its
 * job.
 */
export const JOIN_ASSIGNEES = sql`
      left join assignees as a on a.request_number = i.request_number and i.starts_at <= now() and (
        -- With exists instead, the planner would read all links into a hash table.
        select true from joblib.worker_job as wj where wj.worker_id = a.worker_id and wj.job_id = i.job_id limit 1)`;

/** The CTE that selects the directly assigned tasks from the CTE `inserted`. */
export const ASSIGNED_TASKS_CTE = sql`
    assigned as (
      select id, worker_id, started_at,
        (select user_id from assignees where assignees.worker_id = inserted.worker_id limit 1) as user_id
      from inserted where worker_id is not null
    )`;

/** Formats the assignees in the order of the requests. A request has at most one. */
export const formatAssignees = (assignees: readonly (Assignee | undefined)[]): string =>
  formatRecordset(
    assignees.flatMap((assignee, index) =>
      assignee === undefined
        ? []
        : [{ request_number: index + 1, worker_id: assignee.workerId, start: assignee.start }],
    ),
  );
