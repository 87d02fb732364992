import { type RawBuilder, sql } from "kysely";
import type { Placeholder } from "./statement.ts";

/**
 * Builds a subquery that returns the rows that `formatRecordset` formatted. `columns` declares their columns,
 * in SQL. The planner estimates 100 rows for every recordset. For a table that it believes to be small, it
 * then prefers a scan to 100 index lookups, and the cached plan is still used when the table has grown. The
 * equality condition makes the planner estimate one row, so that it plans index lookups.
 */
export const selectRecordset = (text: Placeholder, columns: string): RawBuilder<unknown> => sql`(
  select * from jsonb_to_recordset(${text}::jsonb) as input(one integer, ${sql.raw(columns)}) where one = 1)`;

/** Formats rows as the text of one parameter. */
export const formatRecordset = (rows: readonly object[]): string =>
  JSON.stringify(rows.map((row) => ({ ...row, one: 1 })));
