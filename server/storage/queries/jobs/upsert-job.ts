import { sql } from "kysely";
import type { NewJob } from "../../../records.ts";
import { NAMED_JOB_OPTIONS } from "../../job-options.ts";
import type { Sql } from "../../sessions/orm.ts";

/** Returns the names of the options' columns and their values in SQL. */
const getOptions = (job: NewJob) =>
  NAMED_JOB_OPTIONS.map(({ name, property, type }) => ({
    name: sql.raw(name),
    value: type === "jsonb" ? sql`${JSON.stringify(job[property])}::jsonb` : sql`${job[property]}`,
  }));

/**
 * Inserts a job. Returns false if its address is in use. Waits for a transaction that is inserting the same
 * address.
 */
export const insertJob = async (db: Sql, job: NewJob): Promise<boolean> => {
  const schema = JSON.stringify(job.schema);
  const resultSchema = job.resultSchema === null ? null : JSON.stringify(job.resultSchema);
  const options = getOptions(job);
  const { rows } = await sql<{ id: string }>`
    insert into joblib.job (id, room_id, category, name, schema, written_schema, result_schema, schema_hash,
      ${sql.join(options.map(({ name }) => name))})
    values (${job.id}::uuid, ${job.roomId}, ${job.category}, ${job.name}, ${schema}::jsonb, ${schema}::json,
      ${resultSchema}::jsonb, ${job.schemaHash}, ${sql.join(options.map(({ value }) => value))})
    on conflict (room_id, category, name) where removed_at is null do nothing
    returning id`.execute(db);
  return rows.length > 0;
};

/**
 * Locks the registered job until the transaction ends, so that it cannot be removed. Returns undefined if it
 * has just been removed.
 */
export const lockJob = async (db: Sql, { roomId, category, name }: NewJob) => {
  const { rows } = await sql<{ id: string; schema_hash: string }>`
    select id, schema_hash from joblib.job
    where room_id = ${roomId} and category = ${category} and name = ${name} and removed_at is null
    for no key update`.execute(db);
  return rows[0];
};

/** Stores the options of this registration, and its schema with the members in their original order. */
export const updateJobMetadata = async (db: Sql, id: string, job: NewJob): Promise<void> => {
  await sql`
    update joblib.job set ${sql.join(getOptions(job).map(({ name, value }) => sql`${name} = ${value}`))},
      written_schema = ${JSON.stringify(job.schema)}::json
    where id = ${id}::uuid`.execute(db);
};
