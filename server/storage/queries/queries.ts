import { type RawBuilder, sql } from "kysely";
import type { Window } from "../../records.ts";
import type { Sql } from "../sessions/orm.ts";
import type { Sessions } from "../sessions/sessions.ts";

/** Runs a statement and returns its rows. */
export async function readRows<Row>(db: Sql, statement: RawBuilder<Row>): Promise<Row[]> {
  return (await statement.execute(db)).rows;
}

/** Runs a statement and returns its first row. */
export async function readRow<Row>(db: Sql, statement: RawBuilder<Row>): Promise<Row | undefined> {
  return (await readRows(db, statement))[0];
}

/** The clauses of a statement that lists rows. `from` contains the conditions as well. */
interface ListClauses {
  readonly columns: RawBuilder<unknown>;
  readonly from: RawBuilder<unknown>;
  readonly order: RawBuilder<unknown>;
}

/** Returns a page of rows, and the total number of rows. */
export async function readPage<Row>(
  db: Sql,
  { columns, from, order }: ListClauses,
  { limit, offset }: Window,
): Promise<{ rows: Row[]; total: number }> {
  const { rows } = await sql<Row>`
    select ${columns} from ${from}
    order by ${order} limit ${limit}::int offset ${offset}::int`.execute(db);
  const count = await readRow(db, sql<{ total: number }>`select count(*)::int as total from ${from}`);
  return { rows, total: count?.total ?? 0 };
}

/** Base class of the classes that contain the statements of one noun each. */
export abstract class Queries {
  protected readonly sessions: Sessions;

  constructor(sessions: Sessions) {
    this.sessions = sessions;
  }

  /** Runs a single statement and returns its rows. */
  protected readRows<Row>(statement: RawBuilder<Row>): Promise<Row[]> {
    return this.sessions.run((db) => readRows(db, statement));
  }

  /** Runs a single statement and returns its first row. */
  protected readRow<Row>(statement: RawBuilder<Row>): Promise<Row | undefined> {
    return this.sessions.run((db) => readRow(db, statement));
  }
}
