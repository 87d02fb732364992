import { CompiledQuery, type RawBuilder, sql } from "kysely";
import type { JsonValue } from "../../../protocol/index.ts";
import type { Window } from "../../records.ts";
import type { Sql } from "../sessions/orm.ts";

export async function readRows<Row>(db: Sql, statement: RawBuilder<Row>): Promise<Row[]> {
  return (await statement.execute(db)).rows;
}

export async function readRow<Row>(db: Sql, statement: RawBuilder<Row>): Promise<Row | undefined> {
  return (await readRows(db, statement))[0];
}

interface ListClauses<Row> {
  readonly columns: RawBuilder<Row>;
  readonly from: RawBuilder<unknown>;
  readonly order: RawBuilder<unknown>;
}

export async function readPage<Row>(
  db: Sql,
  { columns, from, order }: ListClauses<Row>,
  { limit, offset }: Window,
) {
  const page = sql<Row>`select ${columns} from ${from} order by ${order} limit ${limit}::int offset ${offset}::int`;
  const items = await readRows(db, page);
  const count = await readRow(db, sql<{ total: number }>`select count(*)::int as total from ${from}`);
  return { items, total: count?.total ?? 0 };
}

/** Stands for a value that each call of a statement passes; see `defineStatement`. */
export class Placeholder {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/**
 * Defines a statement whose text is built only once, at the first call, because Kysely takes as
 * long to build the text of a small statement as PostgreSQL takes to execute it. `build` receives a
 * placeholder for each value.
 */
export function defineStatement<Row, Values extends readonly unknown[]>(
  build: (...placeholders: { readonly [Index in keyof Values]: Placeholder }) => RawBuilder<Row>,
): (db: Sql, ...values: Values) => Promise<Row[]> {
  let compiled: CompiledQuery<Row> | undefined;
  return async (db, ...values) => {
    compiled ??= build(...(values.map((_, index) => new Placeholder(index)) as never)).compile(db);
    const parameters = compiled.parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.index] : parameter,
    );
    return (await db.executeQuery<Row>(CompiledQuery.raw(compiled.sql, parameters))).rows;
  };
}

/**
 * Builds a subquery that parses the text of `formatRecordset` into rows. `columns` declares the
 * columns in SQL.
 *
 * The column `one` influences PostgreSQL's planner. The planner estimates 100 rows for every
 * recordset, so for a small table it would choose a sequential scan instead of 100 index lookups,
 * and keep this plan when the table has grown. The condition `one = 1` lowers the estimate to one
 * row.
 */
export const selectRecordset = (text: Placeholder, columns: string): RawBuilder<unknown> => sql`(
  select * from jsonb_to_recordset(${text}::jsonb) as input(one integer, ${sql.raw(columns)}) where one = 1)`;

export const formatRecordset = (rows: readonly object[]): string =>
  JSON.stringify(rows.map((row) => ({ ...row, one: 1 })));

/** Formats ids or numbers as the text of a PostgreSQL array. They need no escaping. */
export const formatArray = (values: Iterable<string | number>): string => `{${[...values].join(",")}}`;

/**
 * Formats texts as the text of a PostgreSQL array, which has the same escapes as JSON, except for
 * control characters. The texts must not contain control characters.
 */
export const formatTextArray = (texts: readonly string[]): string =>
  `{${texts.map((text) => JSON.stringify(text)).join(",")}}`;

/**
 * Formats a value for a `json` column. Returns undefined for undefined and null. The database
 * driver stores undefined as an SQL null.
 */
export const toJsonText = (value: JsonValue | undefined): string | undefined =>
  value === undefined || value === null ? undefined : JSON.stringify(value);

/**
 * Builds an SQL expression that formats a time as the API does: RFC 3339 in UTC with milliseconds.
 */
export const formatTimeInSql = (time: RawBuilder<unknown>): RawBuilder<string> =>
  sql<string>`to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * Builds the condition that the last heartbeat of the worker `w` is at most `withinSeconds` old, by
 * the clock of the database.
 */
export const isAlive = (withinSeconds: number | Placeholder): RawBuilder<boolean> =>
  sql<boolean>`w.last_heartbeat >= clock_timestamp() - make_interval(secs => ${withinSeconds}::float8)`;
