import { sql } from "kysely";
import type { JobAddress } from "../../../../protocol/index.ts";
import type { JobRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { JOB_COLUMNS, selectJobs } from "./job-select.ts";

/** Returns the registered job at an address, with its live workers and its number of pending tasks. */
export const findJob = async (
  db: Sql,
  { roomId, category, name }: JobAddress,
  aliveWithinSeconds: number,
) => {
  const { rows } = await sql<JobRow>`
    ${selectJobs(aliveWithinSeconds)}
    where j.room_id = ${roomId} and j.category = ${category} and j.name = ${name}
      and j.removed_at is null`.execute(db);
  return rows[0];
};

/** Returns the registered job at an address, without its workers and its pending tasks. */
export const findRegisteredJob = async (db: Sql, { roomId, category, name }: JobAddress) => {
  const { rows } = await sql<Omit<JobRow, "workers" | "pending">>`
    select ${JOB_COLUMNS} from joblib.job as j
    where j.room_id = ${roomId} and j.category = ${category} and j.name = ${name}
      and j.removed_at is null`.execute(db);
  return rows[0];
};

/** Returns a job by its id, even if it was removed. */
export const findJobById = async (db: Sql, id: string, aliveWithinSeconds: number) => {
  const { rows } = await sql<JobRow>`
    ${selectJobs(aliveWithinSeconds)} where j.id = ${id}::uuid`.execute(db);
  return rows[0];
};

/**
 * Returns the ids of all jobs that were ever registered with this room, category and name. At most one of
 * them has not been removed.
 */
export const findJobIdsByAddress = async (
  db: Sql,
  { roomId, category, name }: JobAddress,
): Promise<string[]> => {
  const { rows } = await sql<{ id: string }>`
    select id from joblib.job where room_id = ${roomId} and category = ${category} and name = ${name}`.execute(
    db,
  );
  return rows.map(({ id }) => id);
};
