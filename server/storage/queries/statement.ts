import { CompiledQuery, type RawBuilder } from "kysely";
import { LookupSql } from "../session-sql.ts";
import type { Sql } from "../sessions.ts";

/** Where a value goes that each call brings. */
export class Placeholder {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/**
 * A statement whose text is made once, at its first call; `write` is given one slot for each value. Making it anew took
 * Kysely as long as a small statement takes PostgreSQL.
 */
export const defineStatement = <Row, Values extends readonly unknown[]>(
  write: (...slots: { readonly [Index in keyof Values]: Placeholder }) => RawBuilder<Row>,
): ((db: Sql, ...values: Values) => Promise<Row[]>) => {
  let text: string | undefined;
  let parameters: readonly unknown[] = [];
  return async (db, ...values) => {
    if (text === undefined) {
      const slots = values.map((_, index) => new Placeholder(index));
      const compiled = write(...asSlots<Values>(slots)).compile(db);
      text = compiled.sql;
      parameters = compiled.parameters;
    }
    const given = parameters.map((one) => (one instanceof Placeholder ? values[one.index] : one));
    if (db instanceof LookupSql) return db.rows<Row>(text, given);
    return (await db.executeQuery<Row>(CompiledQuery.raw(text, given))).rows;
  };
};

const asSlots = <Values extends readonly unknown[]>(
  slots: Placeholder[],
): { readonly [Index in keyof Values]: Placeholder } => slots as never;
