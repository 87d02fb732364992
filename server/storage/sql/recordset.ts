import { type RawBuilder, sql } from "kysely";
import type { Placeholder } from "./statement.ts";

/**
 * Builds a subquery of the rows that `formatRecordset` formatted. `columns` are their columns as SQL declares
 * them. The planner estimates 100 rows for every recordset. It prefers to scan a table that it believes to be
 * small to 100 index lookups, and the cached plan is still used when the table has grown. The equality makes
 * it estimate one row, and so it plans index lookups.
 */
export const selectRecordset = (text: Placeholder, columns: string): RawBuilder<unknown> => sql`(
  select * from jsonb_to_recordset(${text}::jsonb) as input(one integer, ${sql.raw(columns)}) where one = 1)`;

/** Formats rows as one parameter. */
export const formatRecordset = (rows: readonly object[]): string =>
  JSON.stringify(rows.map((row) => ({ ...row, one: 1 })));
