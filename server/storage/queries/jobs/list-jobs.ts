import { sql } from "kysely";
import type { Window } from "../../../records.ts";
import type { JobRow } from "../../rows.ts";
import type { Sql } from "../../sessions/orm.ts";
import { selectJobs } from "./job-select.ts";

/** Returns a page of the jobs of some rooms, newest first, and their total number. */
export const listJobs = async (
  db: Sql,
  rooms: readonly string[],
  { limit, offset }: Window,
  aliveWithinSeconds: number,
) => {
  const inRooms = sql`j.removed_at is null
    and j.room_id in (select jsonb_array_elements_text(${JSON.stringify(rooms)}::jsonb))`;
  const page = await sql<JobRow>`
    ${selectJobs(aliveWithinSeconds)}
    where ${inRooms} order by j.created_at desc, j.id desc
    limit ${limit}::int offset ${offset}::int`.execute(db);
  const count = await sql<{ total: number }>`
    select count(*)::int as total from joblib.job as j where ${inRooms}`.execute(db);
  return { rows: page.rows, total: count.rows[0]?.total ?? 0 };
};
