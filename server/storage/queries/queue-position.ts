import { type RawBuilder, sql } from "kysely";
import { getIndexNumber } from "./queue-order.ts";

/** Nobody needs to know a place exactly beyond this, and a list counts for each of its tasks. */
const MAX_AHEAD = 1_000;

const capped = (condition: RawBuilder<unknown>) => sql`(
  select count(*) from (
    select 1 from joblib.task as o where o.job_id = t.job_id and o.status = 'pending' and ${condition}
    limit ${sql.lit(MAX_AHEAD)}
  ) as ahead)`;

/**
 * A select column: how many due tasks of the same job are claimed before `t`, itself counted, 1,001 where there are more
 * ahead; null unless it is due itself. Higher priorities and earlier numbers are one range of the claim's index each.
 */
export const QUEUE_POSITION = sql`,
  case when t.status = 'pending' and (t.due or t.run_at <= now()) then 1 + least(${sql.lit(MAX_AHEAD)},
    ${capped(sql`o.due and o.priority > t.priority`)}
    + ${capped(sql`o.due and o.priority = t.priority
        and (${getIndexNumber("o")}, o.number) < (${getIndexNumber("t")}, t.number)`)}
    + ${capped(sql`not o.due and o.run_at <= now()
        and (o.priority > t.priority or (o.priority = t.priority and o.number < t.number))`)}
  )::int end as queue_position`;
