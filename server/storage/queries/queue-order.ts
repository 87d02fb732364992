import { sql } from "kysely";

/**
 * Where a task stands in the index of the due: 16 numbers are one place, so that an entry of 44 bytes becomes one of 10.
 * A claim reads on past the entries of all that were claimed since the last vacuum, which autovacuum begins once a
 * minute: after 350,000 of them it took PostgreSQL 60 to 70 µs a task instead of 40. Rooms that take turns give one
 * number to as many tasks as there are rooms; there it is a place by itself.
 */
export const getIndexNumber = (task: "t" | "o") =>
  sql.raw(`(case when ${task}.in_turn then ${task}.number else ${task}.number & '-16'::bigint end)`);

/** Of thousands with one number each has its own entry, or each claim would read and sort them all. */
const TIE = sql`(case when t.in_turn then t.id end)`;

/** What the index of the due gives without sorting: the tasks of one place in any order, unless they have one number. */
export const INDEX_ORDER = sql`t.priority desc, ${getIndexNumber("t")}, ${TIE}`;

/** The order in which due tasks `t` of one job are claimed; within a place PostgreSQL sorts, 32 tasks or more at a time. */
export const QUEUE_ORDER = sql`${INDEX_ORDER}, t.number`;
