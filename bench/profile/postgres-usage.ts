import { readdirSync, readFileSync } from "node:fs";
import { query } from "../services/postgres.ts";

/**
 * Duration of a tick in `/proc/<pid>/stat`, in microseconds. Linux has 100 ticks per second
 * (USER_HZ).
 */
const TICK_US = 10_000;

/**
 * Indexes of the fields `utime`, `stime`, `cutime` and `cstime`, counted from the field after the
 * command's name (proc(5)).
 */
const TIME_FIELDS = [11, 12, 13, 14];

/**
 * Returns the CPU time of a process and of its ended children, in microseconds. Returns 0 if the
 * process has ended.
 */
export function readCpuTime(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return TIME_FIELDS.reduce((sum, index) => sum + Number(fields[index]), 0) * TICK_US;
  } catch {
    return 0;
  }
}

function listChildren(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}

/** The resources that a PostgreSQL server has used. */
export interface PostgresUsage {
  /** CPU time of all processes of the server, in microseconds. */
  readonly cpu: number;
  /** Number of bytes that were written to the write-ahead log. */
  readonly wal: number;
}

/** Reads the resources that a PostgreSQL server has used since its start. */
export async function readPostgresUsage(url: string, pid: number): Promise<PostgresUsage> {
  const [row] = await query(url, "select (pg_current_wal_insert_lsn() - '0/0')::float8 as wal");
  const cpu = [pid, ...listChildren(pid)].reduce((sum, child) => sum + readCpuTime(child), 0);
  return { cpu, wal: Number(row?.["wal"]) };
}

/** The executions of a statement, from `pg_stat_statements`. */
export interface StatementUsage {
  readonly text: string;
  readonly calls: number;
  /**
   * Execution time of all calls in microseconds. It includes waits for locks, but not the wait for
   * the commit.
   */
  readonly time: number;
}

export async function resetStatements(url: string): Promise<void> {
  await query(url, "create extension if not exists pg_stat_statements");
  await query(url, "select pg_stat_statements_reset()");
}

/** Returns the statements of a database that took the most time. */
export async function readStatements(url: string): Promise<readonly StatementUsage[]> {
  const rows = await query(
    url,
    `select query as text, calls::int, total_exec_time * 1000 as time from pg_stat_statements
     where dbid = (select oid from pg_database where datname = current_database())
     order by total_exec_time desc limit 20`,
  );
  return rows.map(({ text, calls, time }) => ({
    text: String(text),
    calls: Number(calls),
    time: Number(time),
  }));
}
