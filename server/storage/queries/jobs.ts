import { type RawBuilder, sql } from "kysely";
import { type JobAddress, JsonObject } from "../../../protocol/index.ts";
import { parseExactJson } from "../../../protocol/schema/exact-json.ts";
import type { JobRecord, NewJob, RegisteredJob, RegisterOutcome } from "../../records.ts";
import { isUuid } from "../ids.ts";
import { JOB_OPTION_COLUMNS, type JobOptionValues, toJobOptions } from "../job-options.ts";
import type { JobStorage } from "../ports/storage.ts";
import { selectColumns } from "../rows.ts";
import type { Sql } from "../sessions/orm.ts";
import type { Sessions } from "../sessions/sessions.ts";
import {
  defineStatement,
  formatArray,
  formatTimeInSql,
  isAlive,
  readPage,
  readRow,
  readRows,
} from "../sql/statement.ts";
import { insertWorker } from "./workers.ts";

export const createJobStorage = (sessions: Sessions): JobStorage => ({
  async register(job, aliveWithinSeconds) {
    if ("id" in job.worker && !isUuid(job.worker.id)) return { kind: "worker-not-found" };
    return sessions.transaction((db) => registerJob(db, job, aliveWithinSeconds));
  },

  async find(address, aliveWithinSeconds) {
    const row = await sessions.readRow(selectJob(isRegisteredAt(address), aliveWithinSeconds));
    return row && toJobRecord(row);
  },

  async findWithoutCounts(address) {
    const row = await sessions.readRow(
      sql<RegisteredJobRow>`select ${JOB_COLUMNS} from joblib.job as j where ${isRegisteredAt(address)}`,
    );
    return row && toRegisteredJob(row);
  },

  async findIds(address) {
    const rows = await sessions.readRows(
      sql<{ id: string }>`select j.id from joblib.job as j where ${hasAddress(address)}`,
    );
    return rows.map(({ id }) => id);
  },

  async findById(id, aliveWithinSeconds) {
    if (!isUuid(id)) return undefined;
    const row = await sessions.readRow(selectJob(hasId(id), aliveWithinSeconds));
    return row && toJobRecord(row);
  },

  async list(rooms, window, aliveWithinSeconds) {
    const clauses = {
      columns: selectCountedColumns(aliveWithinSeconds),
      from: sql`joblib.job as j where j.removed_at is null
        and j.room_id in (select jsonb_array_elements_text(${JSON.stringify(rooms)}::jsonb))`,
      order: sql`j.created_at desc, j.id desc`,
    };
    const { items, total } = await sessions.run((db) => readPage(db, clauses, window));
    return { items: items.map(toJobRecord), total };
  },
});

/**
 * A job without its counts. The schemas are text, because `JSON.parse` would round numbers beyond
 * 2^53.
 */
interface RegisteredJobRow
  extends Omit<RegisteredJob, "schema" | "resultSchema" | keyof JobOptionValues>,
    JobOptionValues {
  readonly schema: string;
  readonly resultSchema: string | null;
}

interface JobRow extends RegisteredJobRow {
  readonly workers: string;
  readonly pending: number;
}

const JOB_COLUMNS = sql`
  j.id, j.room_id as "roomId", j.category, j.name, coalesce(j.written_schema::text, j.schema::text) as schema,
  j.result_schema::text as "resultSchema", j.schema_hash as "schemaHash",
  ${selectColumns("j", JOB_OPTION_COLUMNS)},
  ${formatTimeInSql(sql`j.created_at`)} as "createdAt", j.xmin::text as "rowVersion"`;

const selectCountedColumns = (aliveWithinSeconds: number) => sql<JobRow>`${JOB_COLUMNS},
  coalesce((
    select jsonb_agg(w.id order by w.id)
    from joblib.worker_job as wj join joblib.worker as w on w.id = wj.worker_id
    where wj.job_id = j.id and ${isAlive(aliveWithinSeconds)}
  ), '[]')::text as workers,
  -- Two counts, so that each uses its own partial index.
  ((select count(*) from joblib.task as t where t.job_id = j.id and t.status = 'pending' and t.due)
    + (select count(*) from joblib.task as t where t.job_id = j.id and t.status = 'pending' and not t.due)
  )::int as pending`;

const selectJob = (condition: RawBuilder<unknown>, aliveWithinSeconds: number) =>
  sql<JobRow>`select ${selectCountedColumns(aliveWithinSeconds)} from joblib.job as j where ${condition}`;

const hasId = (id: string) => sql`j.id = ${id}::uuid`;

const hasAddress = ({ roomId, category, name }: JobAddress) =>
  sql`j.room_id = ${roomId} and j.category = ${category} and j.name = ${name}`;

const isRegisteredAt = (address: JobAddress) => sql`${hasAddress(address)} and j.removed_at is null`;

const parseSchema = (text: string): JsonObject => JsonObject.parse(parseExactJson(text));

const toRegisteredJob = (row: RegisteredJobRow): RegisteredJob => ({
  ...row,
  ...toJobOptions(row),
  schema: parseSchema(row.schema),
  resultSchema: row.resultSchema === null ? null : parseSchema(row.resultSchema),
});

const toJobRecord = (row: JobRow): JobRecord => ({
  ...toRegisteredJob(row),
  workers: JSON.parse(row.workers),
  pending: row.pending,
});

/**
 * Maximum number of tries to register a job. A try fails if another transaction removes the job
 * after the insert has found it and before this transaction locks it.
 */
const MAX_TRIES = 20;

async function registerJob(db: Sql, job: NewJob, aliveWithinSeconds: number): Promise<RegisterOutcome> {
  const { worker } = job;
  const isExisting = "id" in worker;
  if (isExisting && !(await lockWorker(db, worker.id))) return { kind: "worker-not-found" };

  const { id, kind } = await insertOrLock(db, job);
  if (kind === "conflict") return { kind, registered: await readLockedJob(db, id, aliveWithinSeconds) };
  if (kind === "matched") await updateJob(db, id, job);

  const workerId = isExisting ? worker.id : (await insertWorker(db, worker.create)).id;
  await linkWorker(db, workerId, id);
  return { kind, job: await readLockedJob(db, id, aliveWithinSeconds), workerId };
}

async function insertOrLock(db: Sql, job: NewJob) {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    if (await insertJob(db, job)) return { id: job.id, kind: "created" } as const;
    const registered = await lockJob(db, job);
    if (registered !== undefined) {
      const kind = registered.schemaHash === job.schemaHash ? "matched" : "conflict";
      return { id: registered.id, kind } as const;
    }
  }
  throw new Error("the job was removed repeatedly while it was being registered");
}

async function readLockedJob(db: Sql, id: string, aliveWithinSeconds: number): Promise<JobRecord> {
  const row = await readRow(db, selectJob(hasId(id), aliveWithinSeconds));
  if (row === undefined) throw new Error("a locked job does not exist");
  return toJobRecord(row);
}

/**
 * Locks a worker until the transaction ends, so that it cannot be removed. Returns false if the
 * worker is gone.
 */
async function lockWorker(db: Sql, id: string): Promise<boolean> {
  const locked = await readRows(db, sql`select id from joblib.worker where id = ${id}::uuid for key share`);
  return locked.length > 0;
}

/** Links a worker to a job that it can run. Does nothing if the worker is draining. */
async function linkWorker(db: Sql, workerId: string, jobId: string): Promise<void> {
  await sql`
    with linked as (
      insert into joblib.worker_job (worker_id, job_id)
      select id, ${jobId}::uuid from joblib.worker where id = ${workerId}::uuid and drained_jobs is null
      on conflict do nothing returning worker_id
    )
    update joblib.worker as w set jobs_version = w.jobs_version + 1 from linked where w.id = linked.worker_id`.execute(
    db,
  );
}

const getOptions = (job: NewJob) =>
  JOB_OPTION_COLUMNS.map(({ name, type }) => ({
    name: sql.raw(name),
    value: type === "jsonb" ? sql`${JSON.stringify(job[name])}::jsonb` : sql`${job[name]}`,
  }));

/**
 * Returns false if the job's address is in use. Waits for a transaction that is inserting the same
 * address.
 */
async function insertJob(db: Sql, job: NewJob): Promise<boolean> {
  const schema = JSON.stringify(job.schema);
  const resultSchema = job.resultSchema === null ? null : JSON.stringify(job.resultSchema);
  const options = getOptions(job);
  const { rows: inserted } = await sql`
    insert into joblib.job (id, room_id, category, name, schema, written_schema, result_schema, schema_hash,
      ${sql.join(options.map(({ name }) => name))})
    values (${job.id}::uuid, ${job.roomId}, ${job.category}, ${job.name}, ${schema}::jsonb, ${schema}::json,
      ${resultSchema}::jsonb, ${job.schemaHash}, ${sql.join(options.map(({ value }) => value))})
    on conflict (room_id, category, name) where removed_at is null do nothing
    returning id`.execute(db);
  return inserted.length > 0;
}

/**
 * Locks the registered job until the transaction ends. Returns undefined if the job has just been
 * removed.
 */
const lockJob = (db: Sql, address: JobAddress) =>
  readRow(
    db,
    sql<{ id: string; schemaHash: string }>`
      select j.id, j.schema_hash as "schemaHash" from joblib.job as j
      where ${isRegisteredAt(address)} for no key update`,
  );

/**
 * Stores the options of this registration, and its schema with the members in their original order.
 */
async function updateJob(db: Sql, id: string, job: NewJob): Promise<void> {
  await sql`
    update joblib.job set ${sql.join(getOptions(job).map(({ name, value }) => sql`${name} = ${value}`))},
      written_schema = ${JSON.stringify(job.schema)}::json
    where id = ${id}::uuid`.execute(db);
}

interface JobAddressRow {
  id: string;
  room_id: string;
  category: string;
  name: string;
}

const findAddresses = defineStatement<JobAddressRow, [jobIds: string]>(
  (jobIds) => sql`
    select j.id, j.room_id, j.category, j.name from unnest(${jobIds}::uuid[]) as n(id)
    join joblib.job as j on j.id = n.id`,
);

export const findJobAddresses = (db: Sql, jobIds: readonly string[]): Promise<JobAddressRow[]> =>
  findAddresses(db, formatArray(jobIds));
