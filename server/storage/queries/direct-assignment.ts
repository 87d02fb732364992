import { type RawBuilder, sql } from "kysely";
import type { Assignee } from "../direct-assignment.ts";
import { formatRecordset, selectRecordset } from "./recordset.ts";
import type { Placeholder } from "./statement.ts";

/**
 * A CTE of an insert: the workers that take a lone task of a request (`place`) with its insert, which saves the
 * claim, its commit and two turns through the event loop. Only who would have got that very task: nothing is due for any of its
 * jobs, by what a claim of this moment would see. A worker whose row somebody holds may be leaving, and is passed over: so nothing is
 * waited for, and its end does not miss the task.
 */
const takersOf = (hands: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    takers as materialized (
      select h.place, h.start, w.id as worker_id, w.user_id
      from ${hands} as h
      cross join lateral (
        select id, user_id from joblib.worker where id = h.worker_id limit 1 for key share skip locked
      ) as w
      where not exists (
        select 1 from joblib.worker_job as wj cross join lateral (
          select 1 from joblib.task as t where t.job_id = wj.job_id and t.status = 'pending' and t.due
          order by t.priority desc limit 1
        ) as due
        where wj.worker_id = h.worker_id
      ) and not exists (
        select 1 from joblib.worker_job as wj cross join lateral (
          select 1 from joblib.task as t
          where t.job_id = wj.job_id and t.status = 'pending' and not t.due and t.run_at <= now()
          order by t.run_at limit 1
        ) as late
        where wj.worker_id = h.worker_id
      )
    ),`;

/** The takers of what many requests bring: `handsText`. */
export const buildAssigneesCte = (hands: Placeholder): RawBuilder<unknown> =>
  takersOf(selectRecordset(hands, "place integer, worker_id uuid, start boolean"));

/** The one of a lone task. */
export const buildSingleAssigneeCte = (workerId: Placeholder, start: Placeholder): RawBuilder<unknown> =>
  takersOf(sql`(select 1 as place, ${workerId}::uuid as worker_id, ${start}::boolean as start)`);

/** The columns of a task that its worker holds from the start. */
export const ASSIGNED_COLUMNS = sql`, status, worker_id, attempt, runs, claimed_at, started_at, version`;

/** Their values for a task `i` of the accepted ones, as a claim leaves them; the others' are as without a taker. */
export const ASSIGNED_VALUES = sql`,
        case when h.place is null then 'pending' when h.start then 'running' else 'claimed' end, h.worker_id,
        case when h.place is null then 0 else 1 end, case when h.start then 1 else 0 end,
        case when h.place is not null then clock_timestamp() end, case when h.start then clock_timestamp() end,
        case when h.place is null then 1 else 2 end`;

/** Who takes the task `i`: it is due, and the worker is linked to its job. */
export const JOIN_ASSIGNEES = sql`
      left join takers as h on h.place = i.place and i.starts_at <= now() and (
        -- Not by exists: all links would be read into a hash.
        select true from joblib.worker_job as wj where wj.worker_id = h.worker_id and wj.job_id = i.job_id limit 1)`;

/** What was given to whom. */
export const ASSIGNED_TASKS_CTE = sql`
    given as (
      select id, worker_id, started_at,
        (select user_id from takers where takers.worker_id = inserted.worker_id limit 1) as user_id
      from inserted where worker_id is not null
    )`;

/** The hands, of which each request may have one. */
export const formatAssignees = (hands: readonly (Assignee | undefined)[]): string =>
  formatRecordset(
    hands.flatMap((hand, index) =>
      hand === undefined ? [] : [{ place: index + 1, worker_id: hand.workerId, start: hand.start }],
    ),
  );
