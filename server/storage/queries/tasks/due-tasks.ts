import { sql } from "kysely";
import { selectFromSortedIds, selectJobsWithTasks } from "../../queue/jobs-with-tasks.ts";
import type { Sql } from "../../sessions/orm.ts";
import { defineStatement, formatArray, type Placeholder } from "../../sql/statement.ts";

/** The item `listed` with the column `ids`, a materialized array, because each use of a parameter parses it again. */
const listIds = (jobIds: Placeholder) => sql`listed as materialized (select ${jobIds}::uuid[] as ids)`;

/** Formats the ids for `listIds`: sorted, without duplicates. The order of lowercase UUIDs is that of their text. */
const formatIds = (jobIds: readonly string[]) =>
  formatArray([...new Set(jobIds.map((id) => id.toLowerCase()))].sort());

const readSecondsUntilDue = defineStatement<{ seconds: number | null }, [jobIds: string]>(
  (jobIds) => sql`
    with ${listIds(jobIds)}
    select case
      when exists (select 1 from listed cross join lateral ${selectJobsWithTasks("due", selectFromSortedIds)} as j) then 0
      else extract(epoch from (
        select min(d.run_at) from listed
        cross join lateral ${selectJobsWithTasks("delayed", selectFromSortedIds)} as j
        cross join lateral (
          select t.run_at from joblib.task as t where t.job_id = j.job_id and t.status = 'pending' and not t.due
          order by t.run_at limit 1
        ) as d
      ) - clock_timestamp()) end::float8 as seconds`,
);

/**
 * Returns the seconds until the first pending task of any of the jobs can be claimed. The value is 0 or
 * negative if one can be claimed now, and undefined if no task is pending.
 */
export const getSecondsUntilDue = async (db: Sql, jobIds: readonly string[]): Promise<number | undefined> =>
  (await readSecondsUntilDue(db, formatIds(jobIds)))[0]?.seconds ?? undefined;

const readDueCounts = defineStatement<{ id: string; waiting: number }, [jobIds: string, cap: number]>(
  (jobIds, cap) => sql`
    with ${listIds(jobIds)}
    select counted.job_id as id, least(sum(counted.waiting), ${cap}::int)::int as waiting from (
      select j.job_id, (
        select count(*) from (
          select 1 from joblib.task as t where t.job_id = j.job_id and t.status = 'pending' and t.due
          limit ${cap}::int) as capped
      ) as waiting
      from listed cross join lateral ${selectJobsWithTasks("due", selectFromSortedIds)} as j
      union all
      select j.job_id, (
        select count(*) from (
          select 1 from joblib.task as t
          where t.job_id = j.job_id and t.status = 'pending' and not t.due and t.run_at <= now()
          limit ${cap}::int) as capped
      )
      from listed cross join lateral ${selectJobsWithTasks("delayed", selectFromSortedIds)} as j
    ) as counted where counted.waiting > 0 group by counted.job_id`,
);

/** Counts the due tasks of each job, up to `cap`. Leaves out jobs without due tasks. */
export const countDueTasks = (db: Sql, jobIds: readonly string[], cap: number) =>
  readDueCounts(db, formatIds(jobIds), cap);
