import { CompiledQuery, type RawBuilder } from "kysely";
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
