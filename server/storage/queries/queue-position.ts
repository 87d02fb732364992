import { sql } from "kysely";

const ahead = sql`(o.priority > t.priority or (o.priority = t.priority and o.number < t.number))`;

/** A select column: how many due tasks of the same job are claimed before `t`, itself counted; null unless it is due itself. */
export const QUEUE_POSITION = sql`,
  case when t.status = 'pending' and (t.due or t.run_at <= now()) then (
    1
    + (select count(*) from joblib.task as o
       where o.job_id = t.job_id and o.status = 'pending' and o.due and ${ahead})
    + (select count(*) from joblib.task as o
       where o.job_id = t.job_id and o.status = 'pending' and not o.due and o.run_at <= now() and ${ahead})
  )::int end as queue_position`;
