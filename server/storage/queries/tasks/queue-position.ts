import { type RawBuilder, sql } from "kysely";
import { getIndexNumber } from "./queue-order.ts";

/**
 * Maximum number of tasks ahead that are counted. A list counts them for each of its tasks, and exact
 * positions beyond this number are of no use.
 */
const MAX_AHEAD = 1_000;

const countAhead = (condition: RawBuilder<unknown>) => sql`(
  select count(*) from (
    select 1 from joblib.task as o where o.job_id = t.job_id and o.status = 'pending' and ${condition}
    limit ${sql.lit(MAX_AHEAD)}
  ) as ahead)`;

/**
 * A select column with the queue position of the task `t`: one more than the number of due tasks of the same
 * job that are ahead of it, at most 1,001. It is null unless the task is pending and due. In the claim index,
 * the tasks of higher priority are one range, and the earlier tasks of the same priority are another one.
 */
export const QUEUE_POSITION = sql`,
  case when t.status = 'pending' and (t.due or t.run_at <= now()) then 1 + least(${sql.lit(MAX_AHEAD)},
    ${countAhead(sql`o.due and o.priority > t.priority`)}
    + ${countAhead(sql`o.due and o.priority = t.priority
        and (${getIndexNumber("o")}, o.number) < (${getIndexNumber("t")}, t.number)`)}
    + ${countAhead(sql`not o.due and o.run_at <= now()
        and (o.priority > t.priority or (o.priority = t.priority and o.number < t.number))`)}
  )::int end as queue_position`;
