import { sql } from "kysely";
import type { Sql } from "../sessions.ts";
import { formatArray } from "./array-text.ts";
import { defineStatement } from "./statement.ts";

/** Where a job stands; it never moves. */
interface JobAddressRow {
  id: string;
  room_id: string;
  category: string;
  name: string;
}

const addresses = defineStatement<JobAddressRow, [jobIds: string]>(
  (jobIds) => sql`
    select j.id, j.room_id, j.category, j.name from unnest(${jobIds}::uuid[]) as n(id)
    join joblib.job as j on j.id = n.id`,
);

/** The jobs' addresses, removed ones' included. */
export const findJobAddresses = (db: Sql, jobIds: readonly string[]): Promise<JobAddressRow[]> =>
  addresses(db, formatArray(jobIds));
