import { type RawBuilder, sql } from "kysely";
import { isReadAsText } from "../../column-types.ts";
import { NAMED_JOB_OPTIONS } from "../../job-options.ts";
import type { JobRow } from "../../rows.ts";
import { isAlive } from "../workers/is-alive.ts";

const OPTIONS = sql.join(
  NAMED_JOB_OPTIONS.map(({ name, type }) =>
    sql.raw(isReadAsText(type) ? `j.${name}::text as ${name}` : `j.${name}`),
  ),
);

/** Columns of the job `j`, without its workers and tasks. */
export const JOB_COLUMNS = sql`
  j.id, j.room_id, j.category, j.name, coalesce(j.written_schema::text, j.schema::text) as schema,
  j.result_schema::text as result_schema, j.schema_hash, ${OPTIONS},
  j.created_at::text as created_at, j.xmin::text as row_version`;

/**
 * Builds `select` and `from` of jobs `j` with their live workers and the number of their pending tasks.
 * Clauses may follow.
 */
export const selectJobs = (aliveWithinSeconds: number): RawBuilder<JobRow> => sql`
  select ${JOB_COLUMNS},
    coalesce((
      select jsonb_agg(w.id order by w.id)
      from joblib.worker_job as wj join joblib.worker as w on w.id = wj.worker_id
      where wj.job_id = j.id and ${isAlive(aliveWithinSeconds)}
    ), '[]')::text as workers,
    -- Two counts, so that each uses its own partial index.
    ((select count(*) from joblib.task as t where t.job_id = j.id and t.status = 'pending' and t.due)
      + (select count(*) from joblib.task as t where t.job_id = j.id and t.status = 'pending' and not t.due)
    )::int as pending
  from joblib.job as j`;
