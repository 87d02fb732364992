import { sql } from "kysely";
import type { TaskRecord, WorkerRemoval } from "../../records.ts";
import { isUuid } from "../ids.ts";
import type { SweepStorage } from "../ports/sweep.ts";
import { setAttemptFailed } from "../queue/statements/transition-values.ts";
import { selectTasks, type TaskRow, toTaskRecord } from "../rows.ts";
import type { Sql } from "../sessions/orm.ts";
import { removeIdleJobs } from "./jobs/remove-idle-jobs.ts";
import { Queries, readRows } from "./queries.ts";
import { removeLockedWorker } from "./workers/remove-worker.ts";

const isStale = (thresholdSeconds: number) =>
  sql`last_heartbeat < clock_timestamp() - make_interval(secs => ${thresholdSeconds}::float8)`;

const IS_OVERDUE = sql`t.status = 'running' and t.timeout_seconds is not null
  and t.started_at + make_interval(secs => t.timeout_seconds) < clock_timestamp()`;

export class Sweep extends Queries implements SweepStorage {
  #isSweeping = false;
  /** True for the embedded database; undefined if it is not known yet. */
  #isEmbedded: boolean | undefined;

  async probe(): Promise<void> {
    await this.readRow(sql`select 1 from joblib.worker limit 1`);
  }

  async findStaleWorkers(thresholdSeconds: number, limit: number): Promise<readonly string[]> {
    const rows = await this.readRows(sql<{ id: string }>`
      select id from joblib.worker where ${isStale(thresholdSeconds)}
      order by last_heartbeat limit ${limit}::int`);
    return rows.map(({ id }) => id);
  }

  async removeStaleWorker(
    id: string,
    thresholdSeconds: number,
    error: string,
  ): Promise<WorkerRemoval | undefined> {
    if (!isUuid(id)) return undefined;
    return this.sessions.transaction(async (db) => {
      // A worker that a claim or another sweep has locked is skipped.
      const { rows: stale } = await sql`
        select id from joblib.worker where id = ${id}::uuid and ${isStale(thresholdSeconds)}
        for update skip locked`.execute(db);
      return stale.length === 0 ? undefined : removeLockedWorker(db, id, error);
    });
  }

  async findOverdueTasks(limit: number): Promise<readonly string[]> {
    const rows = await this.readRows(sql<{ id: string }>`
      select t.id from joblib.task as t where ${IS_OVERDUE} order by t.started_at limit ${limit}::int`);
    return rows.map(({ id }) => id);
  }

  /** Skips locked rows, which the next sweep finds. */
  async endOverdueTasks(limit: number, only?: string): Promise<readonly TaskRecord[]> {
    const error = sql`('timed out after ' || t.timeout_seconds || ' s')`;
    const isSelected = only === undefined ? sql`` : sql`and t.id = ${only}::uuid`;
    const rows = await this.readRows(sql<TaskRow>`
      with overdue as materialized (
        select t.id from joblib.task as t where ${IS_OVERDUE} ${isSelected}
        order by t.started_at limit ${limit}::int
        for update skip locked
      ),
      updated as (
        update joblib.task as t set ${setAttemptFailed({ error, leaseEnd: "timed_out" })}
        from overdue where t.id = overdue.id returning t.*
      )
      ${selectTasks("updated")} order by t.number`);
    return rows.map(toTaskRecord);
  }

  async removeIdleJobs(limit: number): Promise<readonly { id: string; roomId: string }[]> {
    return this.sessions.transaction((db) => removeIdleJobs(db, limit));
  }

  async deleteOldTasks(olderThanDays: number, limit: number): Promise<number> {
    const deleted = await this.readRows(sql`
      with old as materialized (
        select id from joblib.task
        where completed_at < now() - make_interval(secs => ${olderThanDays * 86_400}::float8)
        order by completed_at limit ${limit}::int
        for update skip locked
      ),
      deleted as (
        delete from joblib.task as t using old where t.id = old.id returning t.id, t.room_id, t.created_at
      ),
      deleted_late_results as (
        delete from joblib.late_result as l using deleted as d where l.task_id = d.id
      ),
      deleted_logs as (
        delete from joblib.task_log as l using deleted as d where l.task_id = d.id
      ),
      deleted_outputs as (
        delete from joblib.task_output as o using deleted as d where o.task_id = d.id
      ),
      deleted_list_entries as (
        delete from joblib.task_listing as l using deleted as d
        where l.room_id = d.room_id and l.created_at = d.created_at and l.task_id = d.id
      )
      select id from deleted`);
    return deleted.length;
  }

  async vacuum(): Promise<number> {
    return (await this.#hasEmbeddedDatabase()) ? this.sessions.runOutsideTransaction(vacuumTables) : 0;
  }

  async runExclusively(work: () => Promise<void>): Promise<boolean> {
    if (this.#isSweeping) return false;
    this.#isSweeping = true;
    try {
      // PGlite has only one process and one connection, so a transaction with the lock would block the work
      // itself.
      if (!(await this.#hasEmbeddedDatabase())) return await this.sessions.withLock("joblib:sweep", work);
      await work();
      return true;
    } finally {
      this.#isSweeping = false;
    }
  }

  async #hasEmbeddedDatabase(): Promise<boolean> {
    if (this.#isEmbedded === undefined) {
      const row = await this.readRow(sql<{ version: string }>`select version() as version`);
      this.#isEmbedded = row?.version.includes("PGlite") === true;
    }
    return this.#isEmbedded;
  }
}

/** A table with many dead rows. */
interface TableRow {
  readonly name: string;
  /** True if so many rows changed that the planner needs new statistics. */
  readonly is_stale: boolean;
}

/**
 * Selects the tables to vacuum. Uses autovacuum's formula with other thresholds. Vacuuming 20,000 dead rows
 * takes 50 ms, and analyzing 300,000 rows takes 400 ms, during which the server is blocked.
 */
const selectTables = sql<TableRow>`
  select s.relname as name, s.n_mod_since_analyze > 1000 + 0.2 * greatest(c.reltuples, 0) as is_stale
  from pg_stat_user_tables as s join pg_class as c on c.oid = s.relid
  where s.schemaname = 'joblib' and s.n_dead_tup > 1000 + 0.05 * greatest(c.reltuples, 0)`;

async function vacuumTables(db: Sql): Promise<number> {
  const tables = await readRows(db, selectTables);
  for (const { name, is_stale } of tables) {
    await sql`vacuum ${sql.raw(is_stale ? "(analyze)" : "")} ${sql.id("joblib", name)}`.execute(db);
  }
  return tables.length;
}
