import { type RawBuilder, sql } from "kysely";
import type { NewTask } from "../../records.ts";
import { isUuid } from "../ids.ts";
import type { TaskSelection, TaskStorage } from "../ports/tasks.ts";
import { selectJobsWithTasks, selectNextListedJob } from "../queue/jobs-with-tasks.ts";
import { QUEUE_POSITION } from "../queue/queue-order.ts";
import { selectTasks, type TaskRow, toTaskRecord } from "../rows.ts";
import type { Sql } from "../sessions/orm.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { defineStatement, formatArray, isAlive, type Placeholder, readRow } from "../sql/statement.ts";
import { listTaskIds, listTasks } from "./list-tasks.ts";

const removeInvalidIds = (selection: TaskSelection): TaskSelection => ({
  ...selection,
  ...(selection.ids && { ids: selection.ids.filter(isUuid) }),
  ...(selection.jobIds && { jobIds: selection.jobIds.filter(isUuid) }),
});

export const createTaskStorage = (sessions: Sessions): TaskStorage => ({
  async find(id, { queuePosition = false } = {}) {
    if (!isUuid(id)) return undefined;
    const find = queuePosition ? findTaskWithQueuePosition : findTask;
    const [row] = await sessions.runPrepared((db) => find(db, id));
    return row && toTaskRecord(row);
  },

  async findMany(ids) {
    const validIds = ids.filter(isUuid);
    if (validIds.length === 0) return [];
    const rows = await sessions.readRows(
      sql<TaskRow>`${selectTasks("joblib.task")} where t.id = any(${formatArray(validIds)}::uuid[])`,
    );
    return rows.map(toTaskRecord);
  },

  async list(selection, window) {
    if (window.after !== undefined && !isUuid(window.after)) return undefined;
    return sessions.run((db) => listTasks(db, removeInvalidIds(selection), window));
  },

  async select(selection, window) {
    if (window.after !== undefined && !isUuid(window.after)) return undefined;
    return sessions.run((db) => listTaskIds(db, removeInvalidIds(selection), window));
  },

  async getSecondsUntilDue(jobIds) {
    const validIds = jobIds.filter(isUuid);
    if (validIds.length === 0) return undefined;
    return sessions.runPrepared((db) => getSecondsUntilDue(db, validIds));
  },

  async countDue(jobIds, cap) {
    const rows = await sessions.runPrepared((db) => countDueTasks(db, jobIds.filter(isUuid), cap));
    return new Map(rows.map(({ id, waiting }) => [id, waiting]));
  },

  async retry(ids) {
    return (await sessions.readRows(retryTasks(ids.filter(isUuid)))).map(toTaskRecord);
  },
});

const defineFind = (columns?: RawBuilder<unknown>) =>
  defineStatement<TaskRow, [id: string]>(
    (id) => sql`${selectTasks("joblib.task", columns)} where t.id = ${id}::uuid`,
  );

const findTask = defineFind();
const findTaskWithQueuePosition = defineFind(QUEUE_POSITION);

type KeyedTaskRow = TaskRow & { readonly request_hash: string; readonly workers_online: number };

/** Returns the task that this user submitted to this room with this idempotency key. */
export const findTaskByKey = (
  db: Sql,
  { createdById, roomId, idempotency }: NewTask,
  aliveWithinSeconds: number,
): Promise<KeyedTaskRow | undefined> => {
  const columns = sql`, t.request_hash, (
    select count(*)::int from joblib.worker_job as wj join joblib.worker as w on w.id = wj.worker_id
    where wj.job_id = t.job_id and ${isAlive(aliveWithinSeconds)}) as workers_online`;
  const find = sql<KeyedTaskRow>`
    ${selectTasks("joblib.task", columns)}
    where t.created_by_id = ${createdById} and t.room_id = ${roomId}
      and t.idempotency_key = ${idempotency?.key ?? null}`;
  return readRow(db, find);
};

/**
 * Makes failed and cancelled tasks pending, at the end of their queues and in their previous order.
 * Skips other tasks, and tasks of removed jobs. All statements lock jobs first and then tasks, in
 * the order of their ids, so that they do not deadlock.
 */
const retryTasks = (ids: readonly string[]) => sql<TaskRow>`
  with requested as materialized (
    select distinct n.id from unnest(${formatArray(ids)}::uuid[]) as n(id)
  ),
  locked_jobs as materialized (
    select j.id from (
      select distinct t.job_id from requested join joblib.task as t on t.id = requested.id order by t.job_id
    ) as requested_jobs
    cross join lateral (
      select id, removed_at from joblib.job where id = requested_jobs.job_id limit 1 for key share
    ) as j
    where j.removed_at is null
  ),
  locked_tasks as materialized (
    select t.id, t.number from (select * from requested order by id) as n
    cross join lateral (
      select id, job_id, number from joblib.task where id = n.id and status in ('failed', 'cancelled')
      limit 1 for no key update
    ) as t
    where t.job_id in (select id from locked_jobs)
  ),
  numbered as materialized (
    select id, nextval('joblib.task_number') as number from (select * from locked_tasks order by number) as c
  ),
  updated as (
    update joblib.task as t set
      status = 'pending', number = numbered.number, runs = 0, error = null, result = null,
      progress = null, worker_id = null, claimed_at = null, started_at = null, completed_at = null,
      run_at = clock_timestamp(), due = true, version = t.version + 1
    from numbered where t.id = numbered.id
    returning t.*
  )
  ${selectTasks("updated", sql`, t.number`)} order by t.number`;

/**
 * Builds the CTE `listed` with the array `ids`. It is materialized, because PostgreSQL parses an
 * array parameter again at each use.
 */
const listIds = (jobIds: Placeholder) => sql`listed as materialized (select ${jobIds}::uuid[] as ids)`;

/**
 * Formats the ids for `listIds`: sorted, without duplicates. PostgreSQL orders UUIDs like their
 * lowercase text.
 */
const formatIds = (jobIds: readonly string[]) =>
  formatArray([...new Set(jobIds.map((id) => id.toLowerCase()))].sort());

const readSecondsUntilDue = defineStatement<{ seconds: number | null }, [jobIds: string]>(
  (jobIds) => sql`
    with ${listIds(jobIds)}
    select case
      when exists (select 1 from listed cross join lateral ${selectJobsWithTasks("due", selectNextListedJob)} as j) then 0
      else extract(epoch from (
        select min(d.run_at) from listed
        cross join lateral ${selectJobsWithTasks("delayed", selectNextListedJob)} as j
        cross join lateral (
          select t.run_at from joblib.task as t where t.job_id = j.job_id and t.status = 'pending' and not t.due
          order by t.run_at limit 1
        ) as d
      ) - clock_timestamp()) end::float8 as seconds`,
);

/**
 * Returns the seconds until a task of the jobs can be claimed: 0 or less if a task is due now,
 * undefined if no task is pending.
 */
export const getSecondsUntilDue = async (db: Sql, jobIds: readonly string[]): Promise<number | undefined> =>
  (await readSecondsUntilDue(db, formatIds(jobIds)))[0]?.seconds ?? undefined;

const readDueCounts = defineStatement<{ id: string; waiting: number }, [jobIds: string, cap: number]>(
  (jobIds, cap) => sql`
    with ${listIds(jobIds)}
    select counted.job_id as id, least(sum(counted.waiting), ${cap}::int)::int as waiting from (
      select j.job_id, (
        select count(*) from (
          select 1 from joblib.task as t where t.job_id = j.job_id and t.status = 'pending' and t.due
          limit ${cap}::int) as capped
      ) as waiting
      from listed cross join lateral ${selectJobsWithTasks("due", selectNextListedJob)} as j
      union all
      select j.job_id, (
        select count(*) from (
          select 1 from joblib.task as t
          where t.job_id = j.job_id and t.status = 'pending' and not t.due and t.run_at <= now()
          limit ${cap}::int) as capped
      )
      from listed cross join lateral ${selectJobsWithTasks("delayed", selectNextListedJob)} as j
    ) as counted where counted.waiting > 0 group by counted.job_id`,
);

export const countDueTasks = (db: Sql, jobIds: readonly string[], cap: number) =>
  readDueCounts(db, formatIds(jobIds), cap);
