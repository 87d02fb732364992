import { type RawBuilder, sql } from "kysely";

/**
 * Builds the expression by which the index of due tasks (`task_due`) orders a task. Sixteen numbers
 * share one index key, and PostgreSQL stores equal keys once: an entry takes 10 bytes instead of 44
 * (ADR 20). The size matters, because a claim reads past the index entries of all tasks that were
 * claimed since the last vacuum, and autovacuum runs only once a minute. With room fairness, tasks
 * of different rooms have the same number, so each number is a separate key.
 */
const getIndexNumber = (task: "t" | "o") =>
  sql.raw(`(case when ${task}.numbered_by_room then ${task}.number else ${task}.number & '-16'::bigint end)`);

/**
 * With room fairness, the index orders tasks with the same number by their id. Without this order,
 * each claim would read and sort thousands of tasks.
 */
const TIE_BREAKER = sql`(case when t.numbered_by_room then t.id end)`;

/**
 * The order of the index of due tasks, in which PostgreSQL reads tasks without sorting them. It
 * leaves the order of tasks with the same index key undefined.
 */
export const INDEX_ORDER = sql`t.priority desc, ${getIndexNumber("t")}, ${TIE_BREAKER}`;

/**
 * The order in which the due tasks `t` of a job are claimed. PostgreSQL sorts only tasks with the
 * same index key (an incremental sort, at least 32 rows at a time).
 */
export const QUEUE_ORDER = sql`${INDEX_ORDER}, t.number`;

/**
 * Builds the order in which the first tasks of several jobs are merged. The first tasks of each job
 * must already be selected.
 */
export const buildMergeOrder = (task: "t" | "c"): RawBuilder<unknown> =>
  sql.raw(`${task}.priority desc, ${task}.number`);

/**
 * Maximum number of tasks ahead that are counted. A list of tasks counts them for each of its
 * tasks, and an exact position beyond 1,000 is of no use.
 */
const MAX_AHEAD = 1_000;

const countAhead = (condition: RawBuilder<unknown>) => sql`(
  select count(*) from (
    select 1 from joblib.task as o where o.job_id = t.job_id and o.status = 'pending' and ${condition}
    limit ${sql.lit(MAX_AHEAD)}
  ) as ahead)`;

/**
 * A select column with the queue position of the task `t`: one more than the number of due tasks of
 * the same job that are ahead of it, at most 1,001. It is null unless the task is pending and due.
 * Tasks of higher priority and earlier tasks of the same priority are counted separately, because
 * each of these sets is one range of the index for claims.
 */
export const QUEUE_POSITION = sql`,
  case when t.status = 'pending' and (t.due or t.run_at <= now()) then 1 + least(${sql.lit(MAX_AHEAD)},
    ${countAhead(sql`o.due and o.priority > t.priority`)}
    + ${countAhead(sql`o.due and o.priority = t.priority
        and (${getIndexNumber("o")}, o.number) < (${getIndexNumber("t")}, t.number)`)}
    + ${countAhead(sql`not o.due and o.run_at <= now()
        and (o.priority > t.priority or (o.priority = t.priority and o.number < t.number))`)}
  )::int end as queue_position`;
