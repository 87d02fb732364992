import { sql } from "kysely";
import { isUuid } from "../ids.ts";
import type { SweepStorage } from "../ports/storage.ts";
import { setAttemptFailed } from "../queue/statements/transition-values.ts";
import { selectTasks, type TaskRow, toTaskRecord } from "../rows.ts";
import type { Sql } from "../sessions/orm.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { readRow, readRows } from "../sql/statement.ts";
import { removeIdleJobs, removeLockedWorker } from "./remove-worker.ts";

const isStale = (thresholdSeconds: number) =>
  sql`last_heartbeat < clock_timestamp() - make_interval(secs => ${thresholdSeconds}::float8)`;

const IS_OVERDUE = sql`t.status = 'running' and t.timeout_seconds is not null
  and t.started_at + make_interval(secs => t.timeout_seconds) < clock_timestamp()`;

export const createSweepStorage = (sessions: Sessions): SweepStorage => {
  let isSweeping = false;
  /** True for the embedded database; undefined until it is known. */
  let isEmbedded: boolean | undefined;
  const isEmbeddedDatabase = async () => {
    const select = sql<{ version: string }>`select version() as version`;
    isEmbedded ??= (await sessions.readRow(select))?.version.includes("PGlite");
    return isEmbedded === true;
  };
  return {
    async probe() {
      await sessions.readRow(sql`select 1 from joblib.worker limit 1`);
    },

    async findStaleWorkers(thresholdSeconds, limit) {
      const rows = await sessions.readRows(sql<{ id: string }>`
        select id from joblib.worker where ${isStale(thresholdSeconds)}
        order by last_heartbeat limit ${limit}::int`);
      return rows.map(({ id }) => id);
    },

    async removeStaleWorker(id, thresholdSeconds, error) {
      if (!isUuid(id)) return undefined;
      return sessions.transaction(async (db) => {
        // Skips a worker that a claim or another sweep has locked.
        const lock = sql`
          select id from joblib.worker where id = ${id}::uuid and ${isStale(thresholdSeconds)}
          for update skip locked`;
        return (await readRow(db, lock)) === undefined ? undefined : removeLockedWorker(db, id, error);
      });
    },

    async findOverdueTasks(limit) {
      const rows = await sessions.readRows(sql<{ id: string }>`
        select t.id from joblib.task as t where ${IS_OVERDUE} order by t.started_at limit ${limit}::int`);
      return rows.map(({ id }) => id);
    },

    async endOverdueTasks(limit, only) {
      return (await sessions.readRows(endOverdueTasks(limit, only))).map(toTaskRecord);
    },

    async removeIdleJobs(limit) {
      return sessions.transaction((db) => removeIdleJobs(db, limit));
    },

    async deleteOldTasks(olderThanDays, limit) {
      return (await sessions.readRows(deleteOldTasks(olderThanDays, limit))).length;
    },

    async vacuum() {
      return (await isEmbeddedDatabase()) ? sessions.runOutsideTransaction(vacuumTables) : 0;
    },

    async runExclusively(work) {
      if (isSweeping) return false;
      isSweeping = true;
      try {
        // PGlite has only one connection, so a transaction with the lock would block the work
        // itself.
        if (!(await isEmbeddedDatabase())) return await sessions.withLock("joblib:sweep", work);
        await work();
        return true;
      } finally {
        isSweeping = false;
      }
    },
  };
};

/** Ends overdue tasks. Skips locked rows, which the next sweep finds. */
const endOverdueTasks = (limit: number, only: string | undefined) => {
  const error = sql`('timed out after ' || t.timeout_seconds || ' s')`;
  const isSelected = only === undefined ? sql`` : sql`and t.id = ${only}::uuid`;
  return sql<TaskRow>`
    with overdue as materialized (
      select t.id from joblib.task as t where ${IS_OVERDUE} ${isSelected}
      order by t.started_at limit ${limit}::int
      for update skip locked
    ),
    updated as (
      update joblib.task as t set ${setAttemptFailed({ error, leaseEnd: "timed_out" })}
      from overdue where t.id = overdue.id returning t.*
    )
    ${selectTasks("updated")} order by t.number`;
};

const deleteOldTasks = (olderThanDays: number, limit: number) => sql`
  with old as materialized (
    select id from joblib.task
    where completed_at < now() - make_interval(secs => ${olderThanDays * 86_400}::float8)
    order by completed_at limit ${limit}::int
    for update skip locked
  ),
  deleted as (
    delete from joblib.task as t using old where t.id = old.id returning t.id, t.room_id, t.created_at
  ),
  deleted_late_results as (delete from joblib.late_result as l using deleted as d where l.task_id = d.id),
  deleted_logs as (delete from joblib.task_log as l using deleted as d where l.task_id = d.id),
  deleted_outputs as (delete from joblib.task_output as o using deleted as d where o.task_id = d.id),
  deleted_files as (delete from joblib.task_file as f using deleted as d where f.task_id = d.id),
  deleted_list_entries as (
    delete from joblib.task_listing as l using deleted as d
    where l.room_id = d.room_id and l.created_at = d.created_at and l.task_id = d.id
  )
  select id from deleted`;

/**
 * Selects the tables that need a vacuum by the formula of autovacuum, with other thresholds. The
 * embedded database runs in the server's process, so a vacuum blocks the server: 50 ms for 20,000
 * dead rows, and 400 ms to analyze 300,000 rows.
 */
const selectTables = sql<{ name: string; has_old_statistics: boolean }>`
  select s.relname as name, s.n_mod_since_analyze > 1000 + 0.2 * greatest(c.reltuples, 0) as has_old_statistics
  from pg_stat_user_tables as s join pg_class as c on c.oid = s.relid
  where s.schemaname = 'joblib' and s.n_dead_tup > 1000 + 0.05 * greatest(c.reltuples, 0)`;

async function vacuumTables(db: Sql): Promise<number> {
  const tables = await readRows(db, selectTables);
  for (const { name, has_old_statistics } of tables) {
    await sql`vacuum ${sql.raw(has_old_statistics ? "(analyze)" : "")} ${sql.id("joblib", name)}`.execute(db);
  }
  return tables.length;
}
