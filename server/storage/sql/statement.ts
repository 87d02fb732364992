import { CompiledQuery, type RawBuilder, sql } from "kysely";
import type { JsonValue } from "../../../protocol/index.ts";
import type { Sql } from "../sessions/orm.ts";

/** A placeholder in the text of a statement. Each call passes a value for it. */
export class Placeholder {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/**
 * Defines a statement whose text is built once, at its first call. `build` receives a placeholder for each
 * value. Kysely took as long to build the text for each call as PostgreSQL takes to execute a small
 * statement.
 */
export function defineStatement<Row, Values extends readonly unknown[]>(
  build: (...placeholders: { readonly [Index in keyof Values]: Placeholder }) => RawBuilder<Row>,
): (db: Sql, ...values: Values) => Promise<Row[]> {
  let text: string | undefined;
  let parameters: readonly unknown[] = [];
  return async (db, ...values) => {
    if (text === undefined) {
      const placeholders = values.map((_, index) => new Placeholder(index));
      const compiled = build(...asTuple<Values>(placeholders)).compile(db);
      text = compiled.sql;
      parameters = compiled.parameters;
    }
    const bound = parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.index] : parameter,
    );
    return (await db.executeQuery<Row>(CompiledQuery.raw(text, bound))).rows;
  };
}

const asTuple = <Values extends readonly unknown[]>(
  placeholders: Placeholder[],
): { readonly [Index in keyof Values]: Placeholder } => placeholders as never;

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

/** Formats ids or numbers as a PostgreSQL array. They contain no characters that need escaping. */
export const formatArray = (values: Iterable<string | number>): string => `{${[...values].join(",")}}`;

/**
 * Formats texts without control characters as a PostgreSQL array. For such texts, JSON escapes exactly the
 * characters that an array needs escaped.
 */
export const formatTextArray = (texts: readonly string[]): string =>
  `{${texts.map((text) => JSON.stringify(text)).join(",")}}`;

/**
 * Formats a value for a `json` column. Returns undefined for undefined and null, which are stored as an SQL
 * null.
 */
export const toJsonText = (value: JsonValue | undefined): string | undefined =>
  value === undefined || value === null ? undefined : JSON.stringify(value);
