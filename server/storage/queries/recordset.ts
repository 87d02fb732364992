import { type RawBuilder, sql } from "kysely";

/**
 * Rows of a statement's one parameter, as a table to select from, with `columns` as SQL declares them. The planner takes
 * any such table for a hundred rows, and would rather read a table that it believes small than look a hundred rows up;
 * the plan is kept, and the table grows. An equality makes it expect one, and so look up each.
 */
export const recordset = (rows: readonly object[], columns: string): RawBuilder<unknown> => sql`(
  select * from jsonb_to_recordset(${JSON.stringify(rows.map((row) => ({ ...row, one: 1 })))}::jsonb) as input(
    one integer, ${sql.raw(columns)}) where one = 1)`;
