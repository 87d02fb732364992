import { sql } from "kysely";
import type { Sql } from "../sessions.ts";

const jobsIn = (jobIds: readonly string[]) =>
  sql`(select n.id::uuid as id from jsonb_array_elements_text(${JSON.stringify(jobIds)}::jsonb) as n(id)) as jobs`;

/** Seconds until the first pending task of any of the jobs may be claimed; null where none is pending. */
export const secondsUntilDue = async (db: Sql, jobIds: readonly string[]): Promise<number | undefined> => {
  const { rows } = await sql<{ seconds: number | null }>`
    select min(case
      when exists (
        select 1 from joblib.task as t where t.job_id = jobs.id and t.status = 'pending' and t.due
        order by t.priority desc, t.number limit 1
      ) then 0
      else extract(epoch from (
        select t.run_at from joblib.task as t where t.job_id = jobs.id and t.status = 'pending' and not t.due
        order by t.run_at limit 1
      ) - clock_timestamp()) end)::float8 as seconds
    from ${jobsIn(jobIds)}`.execute(db);
  return rows[0]?.seconds ?? undefined;
};

/** How many due tasks wait for each job; counting stops at the cap. */
export const dueCounts = async (db: Sql, jobIds: readonly string[], cap: number) => {
  const { rows } = await sql<{ id: string; waiting: number }>`
    select jobs.id, least(due.waiting + fallen_due.waiting, ${cap}::int)::int as waiting
    from ${jobsIn(jobIds)}
    cross join lateral (
      select count(*) as waiting from (
        select 1 from joblib.task as t where t.job_id = jobs.id and t.status = 'pending' and t.due
        limit ${cap}::int) as capped
    ) as due
    cross join lateral (
      select count(*) as waiting from (
        select 1 from joblib.task as t
        where t.job_id = jobs.id and t.status = 'pending' and not t.due and t.run_at <= now()
        limit ${cap}::int) as capped
    ) as fallen_due`.execute(db);
  return rows;
};
