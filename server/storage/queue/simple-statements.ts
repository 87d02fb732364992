import { sql } from "kysely";
import { getOrigins } from "../../../protocol/index.ts";
import type { NewTask, TaskRecord, Transition } from "../../records.ts";
import type { ProgressReport } from "../ports/task-queue.ts";
import { selectTasks, type TaskRow, toTaskRecord } from "../rows.ts";
import type { Sql } from "../sessions/orm.ts";
import { formatArray, isAlive, toJsonText } from "../sql/statement.ts";
import { buildMergeOrder, QUEUE_ORDER } from "./queue-order.ts";
import { listParameters, SUBMITTED_NAMES, selectNewTask, TASK_VALUES } from "./statements/insert-tasks.ts";
import { runTaskUpdate } from "./statements/requeue-tasks.ts";
import { setTransition } from "./statements/transition-values.ts";

/** Thrown to roll back an insert if a job has changed, or if an idempotency key exists. */
export class InsertRejected extends Error {
  override readonly name = "InsertRejected";
}

/** A job that a transaction has locked, so that it is not removed. */
interface LockedJob {
  readonly id: string;
  readonly schema_hash: string;
  readonly version: string;
  readonly fairness: string;
  readonly workers_online: number;
}

/** Locked jobs by id. */
export type LockedJobs = ReadonlyMap<string, LockedJob>;

/**
 * Locks the jobs of new tasks in the order of their ids. Throws `InsertRejected` if one of them was
 * removed or has changed.
 */
export async function lockJobs(
  db: Sql,
  tasks: readonly NewTask[],
  aliveWithinSeconds: number,
): Promise<LockedJobs> {
  const ids = [...new Set(tasks.map(({ jobId }) => jobId))];
  const { rows } = await sql<LockedJob>`
    select j.id, j.schema_hash, j.xmin::text as version, j.fairness, (
      select count(*)::int from joblib.worker_job as wj join joblib.worker as w on w.id = wj.worker_id
      where wj.job_id = j.id and ${isAlive(aliveWithinSeconds)}) as workers_online
    from joblib.job as j
    where j.id = any(${formatArray(ids)}::uuid[]) and j.removed_at is null
    order by j.id for key share of j`.execute(db);
  const jobs = new Map(rows.map((job) => [job.id, job]));
  for (const { jobId, schemaHash, jobVersion } of tasks) {
    const job = jobs.get(jobId);
    const isSame = job?.schema_hash === schemaHash && (jobVersion ?? job.version) === job.version;
    if (!isSame) throw new InsertRejected();
  }
  return jobs;
}

/** Inserts a task. Throws `InsertRejected` if its idempotency key exists. */
export async function insertTask(db: Sql, task: NewTask, job: LockedJob | undefined): Promise<TaskRecord> {
  const isNumberedByRoom = job?.fairness === "room";
  const newTask = selectNewTask(listParameters(task, JSON.stringify(task.payload)));
  const { rows } = await sql<TaskRow>`
    with inserted as (
      insert into joblib.task (${SUBMITTED_NAMES}, due, number, numbered_by_room)
      select ${TASK_VALUES}, i.starts_at <= now(),
        ${isNumberedByRoom ? await getRoomNumber(db, task) : sql`nextval('joblib.task_number')`}, ${isNumberedByRoom}::boolean
      from ${newTask} as i
      on conflict (created_by_id, room_id, idempotency_key) where idempotency_key is not null do nothing
      returning *
    ),
    listed as (
      insert into joblib.task_listing (task_id, room_id, job_id, created_at)
      select id, room_id, job_id, created_at from inserted
    )
    ${selectTasks("inserted")}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new InsertRejected();
  return toTaskRecord(row);
}

/**
 * Returns the number of a new task with room fairness: the number after the room's last task, or
 * the number of the task that is claimed next, whichever is higher.
 */
async function getRoomNumber(db: Sql, { jobId, roomId, priority }: NewTask) {
  const { rows } = await sql<{ number: string }>`
    insert into joblib.room_queue as r (job_id, room_id, priority, number, tasks)
    values (${jobId}::uuid, ${roomId}, ${priority}::int, coalesce((
      select t.number from joblib.task as t
      where t.job_id = ${jobId}::uuid and t.status = 'pending' and t.due and t.priority = ${priority}::int
      order by ${QUEUE_ORDER} limit 1
    ), nextval('joblib.task_number')), 1)
    on conflict (job_id, room_id, priority) do update set number = greatest(r.number + 1, excluded.number), tasks = 1
    returning r.number::text as number`.execute(db);
  return sql`${rows[0]?.number}::bigint`;
}

/**
 * Locks a worker during its claim, so that a removal of the worker waits for the claim and then
 * requeues the claimed tasks. Returns false if the worker is gone.
 */
export async function lockWorkerForClaim(db: Sql, workerId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from joblib.worker where id = ${workerId}::uuid for key share`.execute(
    db,
  );
  return rows.length > 0;
}

/** Maximum number of tasks of a job that one statement marks as due. */
const MAX_MARKED_TASKS = 10_000;

/**
 * Marks delayed tasks of the worker's jobs as due if their `run_at` has passed. Setting `due` adds
 * them to the index for claims.
 */
export async function markDueTasks(db: Sql, workerId: string): Promise<void> {
  await sql`
    with unmarked as materialized (
      select d.id from joblib.worker_job as wj
      cross join lateral (
        select t.id from joblib.task as t
        where t.job_id = wj.job_id and t.status = 'pending' and not t.due and t.run_at <= now()
        order by t.run_at limit ${MAX_MARKED_TASKS}::int
        for update skip locked
      ) as d
      where wj.worker_id = ${workerId}::uuid
    )
    update joblib.task as t set due = true from unmarked where t.id = unmarked.id`.execute(db);
}

/**
 * Claims the first due tasks. Locks up to `limit` tasks of each job, although it claims only
 * `limit` tasks in total.
 */
export const claimFirstTasks = (
  db: Sql,
  workerId: string,
  limit: number,
  start: boolean,
): Promise<TaskRow[]> =>
  runTaskUpdate(
    db,
    sql`update joblib.task as t set
      status = ${start ? "running" : "claimed"}, worker_id = ${workerId}::uuid, attempt = t.attempt + 1,
      claimed_at = clock_timestamp(), started_at = ${start ? sql`clock_timestamp()` : null},
      runs = t.runs + ${start ? 1 : 0}::int, version = t.version + 1,
      completed_at = null, error = null, result = null, progress = null
    where t.id = any(array(
      select c.id from joblib.worker_job as wj
      join joblib.job as j on j.id = wj.job_id and j.removed_at is null
      cross join lateral (
        select t.id, t.priority, t.number from joblib.task as t
        where t.job_id = j.id and t.status = 'pending' and t.due
        order by ${QUEUE_ORDER} limit ${limit}::int
        for update skip locked
      ) as c
      where wj.worker_id = ${workerId}::uuid
      order by ${buildMergeOrder("c")}, c.id limit ${limit}::int
    ))`,
    workerId,
  );

/**
 * Builds the condition that the task `t` still has this worker and this attempt, if they are set.
 */
const buildFence = ({ workerId, attempt }: Pick<Transition, "workerId" | "attempt">) => sql`
  ${workerId === undefined ? sql`` : sql`and t.worker_id = ${workerId}::uuid`}
  ${attempt === undefined ? sql`` : sql`and t.attempt = ${attempt}::int`}`;

const HAS_NO_RESULT_SCHEMA = sql`
  and exists (select 1 from joblib.job as j where j.id = t.job_id and j.result_schema is null)`;

/** Changes the status of a task if status, worker, attempt and result schema are as expected. */
export async function changeStatus(db: Sql, step: Transition): Promise<TaskRow | undefined> {
  const { id, to, workerId, error = null, result, progress, onlyWithoutResultSchema } = step;
  const origins = sql.join(getOrigins(to).map((status) => sql.lit(status)));
  const values = {
    error: sql`${error}::text`,
    result: sql`${toJsonText(result) ?? null}::json`,
    progress: sql`${progress === undefined ? null : JSON.stringify(progress)}::jsonb`,
    // Without a worker id, the transition was requested by a user, so the worker does not know that
    // its lease has ended.
    leaseEnd: sql.lit(workerId === undefined ? "lost" : "reported"),
  };
  const update = sql`update joblib.task as t set ${setTransition(to, values)}
    where t.id = ${id}::uuid and t.status in (${origins}) ${buildFence(step)}
      ${onlyWithoutResultSchema === true ? HAS_NO_RESULT_SCHEMA : sql``}`;
  return (await runTaskUpdate(db, update, workerId))[0];
}

/**
 * Stores the progress of a running task. Returns undefined if the task is not running or the fence
 * does not match.
 */
export async function storeProgress(db: Sql, report: ProgressReport): Promise<TaskRow | undefined> {
  const { id, workerId, progress } = report;
  const update = sql`update joblib.task as t
    set progress = ${JSON.stringify(progress)}::jsonb, version = t.version + 1
    where t.id = ${id}::uuid and t.status = 'running' ${buildFence(report)}`;
  return (await runTaskUpdate(db, update, workerId))[0];
}
