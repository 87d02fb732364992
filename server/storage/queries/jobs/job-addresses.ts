import { sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, formatArray } from "../../sql/statement.ts";

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

/** Returns the addresses of jobs, including removed jobs. */
export const findJobAddresses = (db: Sql, jobIds: readonly string[]): Promise<JobAddressRow[]> =>
  findAddresses(db, formatArray(jobIds));
