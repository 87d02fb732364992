import { sql } from "kysely";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, formatArray, type Placeholder } from "../../sql/statement.ts";

const selectJobIds = (jobIds: Placeholder) => sql`unnest(${jobIds}::uuid[]) as jobs(id)`;

const readSecondsUntilDue = defineStatement<{ seconds: number | null }, [jobIds: string]>(
  (jobIds) => sql`
    select min(case
      when exists (
        select 1 from joblib.task as t where t.job_id = jobs.id and t.status = 'pending' and t.due
        order by t.priority desc limit 1
      ) then 0
      else extract(epoch from (
        select t.run_at from joblib.task as t where t.job_id = jobs.id and t.status = 'pending' and not t.due
        order by t.run_at limit 1
      ) - clock_timestamp()) end)::float8 as seconds
    from ${selectJobIds(jobIds)}`,
);

/** Returns the seconds until a task of the jobs can be claimed: 0 or less if one can be now, undefined if none is pending. */
export const getSecondsUntilDue = async (db: Sql, jobIds: readonly string[]): Promise<number | undefined> =>
  (await readSecondsUntilDue(db, formatArray(jobIds)))[0]?.seconds ?? undefined;

const readDueCounts = defineStatement<{ id: string; waiting: number }, [jobIds: string, cap: number]>(
  (jobIds, cap) => sql`
    select jobs.id, least(due.waiting + unpromoted.waiting, ${cap}::int)::int as waiting
    from ${selectJobIds(jobIds)}
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
    ) as unpromoted`,
);

export const countDueTasks = (db: Sql, jobIds: readonly string[], cap: number) =>
  readDueCounts(db, formatArray(jobIds), cap);
