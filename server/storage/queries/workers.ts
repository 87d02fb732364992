import { type RawBuilder, sql } from "kysely";
import { GLOBAL_ROOM, type JobAddress, MAX_TASKS_SHOWN, type Worker } from "../../../protocol/index.ts";
import type { NewWorkerRecord, WorkerRecord } from "../../records.ts";
import { isUuid } from "../ids.ts";
import type { WorkerSelection, WorkerStorage } from "../ports/storage.ts";
import type { LinkedJobs } from "../ports/task-queue.ts";
import { selectTasks, type TaskRow, toTaskRecord } from "../rows.ts";
import type { Sql } from "../sessions/orm.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { defineStatement, formatTimeInSql, isAlive, readPage, readRow } from "../sql/statement.ts";
import { lockWorkerForUpdate, removeLockedWorker } from "./remove-worker.ts";

export const createWorkerStorage = (sessions: Sessions): WorkerStorage => ({
  async create(worker) {
    return sessions.run((db) => insertWorker(db, worker));
  },

  async find(id) {
    if (!isUuid(id)) return undefined;
    return sessions.readRow(
      sql<WorkerRecord>`select ${RECORD_COLUMNS} from joblib.worker as w where w.id = ${id}::uuid`,
    );
  },

  async list(selection, window, aliveWithinSeconds) {
    const clauses = {
      columns: selectListColumns(aliveWithinSeconds),
      from: sql`joblib.worker as w where ${buildCondition(selection)}`,
      order: sql`w.created_at desc, w.id desc`,
    };
    return sessions.run((db) => readPage(db, clauses, window));
  },

  async findJobIds(id) {
    if (!isUuid(id)) return [];
    return (await sessions.run((db) => findWorkerJobs(db, id)))?.ids ?? [];
  },

  async remove(id, error) {
    if (!isUuid(id)) return undefined;
    return sessions.transaction(async (db) =>
      (await lockWorkerForUpdate(db, id)) ? removeLockedWorker(db, id, error) : undefined,
    );
  },

  async findDetails(id, aliveWithinSeconds) {
    if (!isUuid(id)) return undefined;
    const worker = await sessions.readRow(sql<Worker>`
      select ${selectListColumns(aliveWithinSeconds)} from joblib.worker as w where w.id = ${id}::uuid`);
    if (worker === undefined) return undefined;
    const jobs = await sessions.readRows(sql<JobAddress>`
      select j.room_id as "roomId", j.category, j.name from joblib.worker as w cross join lateral (
        select j.* from ${WORKER_JOBS} where j.removed_at is null
      ) as j
      where w.id = ${id}::uuid order by j.room_id, j.category, j.name`);
    const leased = await sessions.readRows(sql<TaskRow & { claimed_at: string }>`
      ${selectTasks("joblib.task", sql`, ${formatTimeInSql(sql`t.claimed_at`)} as claimed_at`)}
      where t.worker_id = ${id}::uuid and t.status in ('claimed', 'running')
      order by t.claimed_at, t.id limit ${MAX_TASKS_SHOWN}::int`);
    const leasedTasks = leased.map((row) => ({ record: toTaskRecord(row), claimedAt: row.claimed_at }));
    return { worker, jobs, leasedTasks };
  },

  async drain(id) {
    if (!isUuid(id)) return false;
    return sessions.transaction(async (db) => {
      // The lock waits for registrations and claims of the worker that are in progress.
      if (!(await lockWorkerForUpdate(db, id))) return false;
      // Claims find a worker's jobs by its links, so claims no longer find any job of this worker.
      await sql`
        with unlinked as (delete from joblib.worker_job where worker_id = ${id}::uuid returning job_id)
        update joblib.worker set jobs_version = jobs_version + 1, drained_jobs =
          coalesce(drained_jobs, '[]') || coalesce((select jsonb_agg(job_id order by job_id) from unlinked), '[]')
        where id = ${id}::uuid`.execute(db);
      await sql`delete from joblib.worker_provider where worker_id = ${id}::uuid`.execute(db);
      return true;
    });
  },
});

/** A `from` item: the jobs `j` to which the worker `w` is linked, or was linked before it was drained. */
const WORKER_JOBS = sql`(
  select wj.job_id from joblib.worker_job as wj where wj.worker_id = w.id
  union select d.id::uuid from jsonb_array_elements_text(w.drained_jobs) as d(id)
) as linked join joblib.job as j on j.id = linked.job_id`;

const LAST_HEARTBEAT = formatTimeInSql(sql`w.last_heartbeat`);
const IS_DRAINING = sql`w.drained_jobs is not null`;

const RECORD_COLUMNS = sql`w.id, w.name, w.user_id as "userId", ${LAST_HEARTBEAT} as "lastHeartbeat",
  ${IS_DRAINING} as "isDraining"`;

const selectListColumns = (aliveWithinSeconds: number) => sql<Worker>`
  w.id, w.name, ${LAST_HEARTBEAT} as last_heartbeat,
  (select count(*)::int from ${WORKER_JOBS} where j.removed_at is null) as job_count,
  (select count(*)::int from joblib.task as t
    where t.worker_id = w.id and t.status in ('claimed', 'running')) as task_count,
  ${isAlive(aliveWithinSeconds)} as online, ${IS_DRAINING} as draining`;

const buildCondition = (selection: WorkerSelection): RawBuilder<unknown> => {
  if (selection === "all") return sql`true`;
  if ("userId" in selection) return sql`w.user_id = ${selection.userId}`;
  return sql`exists (
    select 1 from ${WORKER_JOBS}
    where j.removed_at is null and j.room_id in (${selection.roomId}, ${GLOBAL_ROOM}))`;
};

export async function insertWorker(db: Sql, { id, name, userId }: NewWorkerRecord): Promise<WorkerRecord> {
  const insert = sql<WorkerRecord>`
    insert into joblib.worker as w (id, name, user_id, last_heartbeat)
    values (${id}::uuid, ${name}, ${userId}, clock_timestamp()) returning ${RECORD_COLUMNS}`;
  const worker = await readRow(db, insert);
  if (worker === undefined) throw new Error("the insert of a worker returned nothing");
  return worker;
}

/** The jobs of a worker, and their version: while a worker has the same version, it has the same jobs. */
export interface WorkerJobs extends LinkedJobs {
  readonly version: number;
}

const readWorkerJobs = defineStatement<{ version: number; key: string; ids: string }, [workerId: string]>(
  (workerId) => sql`
    select version, md5(ids::text) as key, array_to_json(ids)::text as ids from (
      select w.jobs_version as version, array(
        select wj.job_id from joblib.worker_job as wj where wj.worker_id = w.id order by wj.job_id
      ) as ids
      from joblib.worker as w where w.id = ${workerId}::uuid
    ) as l`,
);

/** Reads the jobs of a worker, sorted by id. Returns undefined if the worker is gone. A job with a link cannot be removed. */
export async function findWorkerJobs(db: Sql, workerId: string): Promise<WorkerJobs | undefined> {
  const [row] = await readWorkerJobs(db, workerId);
  return row && { ...row, ids: JSON.parse(row.ids) };
}
