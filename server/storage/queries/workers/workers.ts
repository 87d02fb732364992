import { type RawBuilder, sql } from "kysely";
import { GLOBAL_ROOM, type Worker } from "../../../../protocol/index.ts";
import type { NewWorkerRecord, Window, WorkerRecord } from "../../../records.ts";
import type { LinkedJobs } from "../../ports/task-queue.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement } from "../../sql/statement.ts";
import { formatTimeInSql } from "../../sql/time-text.ts";
import { readPage } from "../queries.ts";
import { isAlive } from "./is-alive.ts";

/** A `from` item: the jobs `j` to which the worker `w` is linked, or was linked before it was drained. */
export const WORKER_JOBS = sql`(
  select wj.job_id from joblib.worker_job as wj where wj.worker_id = w.id
  union select d.id::uuid from jsonb_array_elements_text(w.drained_jobs) as d(id)
) as linked join joblib.job as j on j.id = linked.job_id`;

const LAST_HEARTBEAT = formatTimeInSql(sql`w.last_heartbeat`);
const IS_DRAINING = sql`w.drained_jobs is not null`;

const RECORD_COLUMNS = sql`w.id, w.name, w.user_id as "userId", ${LAST_HEARTBEAT} as "lastHeartbeat",
  ${IS_DRAINING} as "isDraining"`;

/** Inserts a worker, and records its first heartbeat. */
export async function insertWorker(db: Sql, { id, name, userId }: NewWorkerRecord): Promise<WorkerRecord> {
  const { rows } = await sql<WorkerRecord>`
    insert into joblib.worker as w (id, name, user_id, last_heartbeat)
    values (${id}::uuid, ${name}, ${userId}, clock_timestamp()) returning ${RECORD_COLUMNS}`.execute(db);
  const [worker] = rows;
  if (worker === undefined) throw new Error("the insert of a worker returned nothing");
  return worker;
}

/** Returns a worker, even if it is stale and has not been swept yet. */
export async function findWorker(db: Sql, id: string): Promise<WorkerRecord | undefined> {
  const { rows } = await sql<WorkerRecord>`
    select ${RECORD_COLUMNS} from joblib.worker as w where w.id = ${id}::uuid`.execute(db);
  return rows[0];
}

/** Returns the ids of the jobs that a worker is linked to. A job with a link cannot be removed. */
export async function findWorkerJobIds(db: Sql, id: string): Promise<string[]> {
  return [...((await findWorkerJobs(db, id))?.ids ?? [])];
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

/** Reads the jobs of a worker, sorted by id. Returns undefined if the worker is gone. */
export async function findWorkerJobs(db: Sql, workerId: string): Promise<WorkerJobs | undefined> {
  const [row] = await readWorkerJobs(db, workerId);
  return row && { ...row, ids: JSON.parse(row.ids) };
}

/** Builds the columns of the worker `w` in a list of workers. */
export const selectListColumns = (aliveWithinSeconds: number): RawBuilder<Worker> => sql`
  w.id, w.name, ${LAST_HEARTBEAT} as last_heartbeat,
  (select count(*)::int from ${WORKER_JOBS} where j.removed_at is null) as job_count,
  (select count(*)::int from joblib.task as t
    where t.worker_id = w.id and t.status in ('claimed', 'running')) as task_count,
  ${isAlive(aliveWithinSeconds)} as online, ${IS_DRAINING} as draining`;

/** Selects the workers of a user, the workers of jobs that are visible in a room, or all workers. */
type WorkerFilter = { readonly userId: string } | { readonly roomId: string } | "all";

const buildCondition = (filter: WorkerFilter): RawBuilder<unknown> => {
  if (filter === "all") return sql`true`;
  if ("userId" in filter) return sql`w.user_id = ${filter.userId}`;
  return sql`exists (
    select 1 from ${WORKER_JOBS}
    where j.removed_at is null and j.room_id in (${filter.roomId}, ${GLOBAL_ROOM}))`;
};

/** Returns a page of workers with their counts, newest first, and their total number. */
export async function listWorkers(
  db: Sql,
  filter: WorkerFilter,
  window: Window,
  aliveWithinSeconds: number,
): Promise<{ rows: Worker[]; total: number }> {
  const clauses = {
    columns: selectListColumns(aliveWithinSeconds),
    from: sql`joblib.worker as w where ${buildCondition(filter)}`,
    order: sql`w.created_at desc, w.id desc`,
  };
  return readPage<Worker>(db, clauses, window);
}
