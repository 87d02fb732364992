import { type RawBuilder, sql } from "kysely";
import type { Placeholder } from "./statement.ts";

/**
 * What `recordsetText` made, as a table to select from, with `columns` as SQL declares them. The planner takes
 * any such table for a hundred rows, and would rather read a table that it believes small than look a hundred rows up;
 * the plan is kept, and the table grows. An equality makes it expect one, and so look up each.
 */
export const selectRecordset = (text: Placeholder, columns: string): RawBuilder<unknown> => sql`(
  select * from jsonb_to_recordset(${text}::jsonb) as input(one integer, ${sql.raw(columns)}) where one = 1)`;

/** Rows as one parameter. */
export const formatRecordset = (rows: readonly object[]): string =>
  JSON.stringify(rows.map((row) => ({ ...row, one: 1 })));
