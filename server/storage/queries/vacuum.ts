import { sql } from "kysely";
import type { Sql } from "../sessions.ts";

interface TableRow {
  name: string;
  /** More rows were changed than the planner's figures bear. */
  is_stale: boolean;
}

/** Autovacuum's own measure with other shares: 20,000 dead rows are 50 ms, the figures of 300,000 rows 400, and the server stands still meanwhile. */
const worn = sql<TableRow>`
  select s.relname as name, s.n_mod_since_analyze > 1000 + 0.2 * greatest(c.reltuples, 0) as is_stale
  from pg_stat_user_tables as s join pg_class as c on c.oid = s.relid
  where s.schemaname = 'joblib' and s.n_dead_tup > 1000 + 0.05 * greatest(c.reltuples, 0)`;

/** Vacuums the tables in which many rows are dead, so that their space is used again; how many tables. */
export const vacuumTables = async (db: Sql): Promise<number> => {
  const { rows } = await worn.execute(db);
  for (const { name, is_stale } of rows) {
    await sql`vacuum ${sql.raw(is_stale ? "(analyze)" : "")} ${sql.id("joblib", name)}`.execute(db);
  }
  return rows.length;
};
