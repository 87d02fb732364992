import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "undici";
import { spawnProcess } from "../../test/support/processes.ts";
import { findPrograms, getDebianPostgresDirectories } from "../../test/support/programs.ts";
import { runConcurrently } from "../clock.ts";
import type { BareRouteCalls } from "../processes/bare-route.ts";
import { Process } from "../processes/process.ts";
import { query } from "../services/postgres.ts";
import { readPostgresUsage } from "./postgres-usage.ts";

const BODY = JSON.stringify({ payload: { i: 1, t: 0, note: "x".repeat(80) } });
const WARM_UP_SECONDS = 1;

/**
 * Returns the CPU time that a Fastify route without any work needs for a request, in microseconds,
 * with 64 requests in flight.
 */
export async function measureBareRoute(seconds: number): Promise<number> {
  await using server = await Process.start<BareRouteCalls>("bare-route.ts");
  const url = new URL(await server.call("listen"));
  const pool = new Pool(url.origin, { connections: 64 });
  const headers = { "content-type": "application/json" };
  const request = async () => {
    const { body } = await pool.request({ method: "POST", path: url.pathname, headers, body: BODY });
    await body.json();
  };
  const run = (limit: number) => runConcurrently({ width: 64, count: Infinity, seconds: limit }, request);
  try {
    await run(WARM_UP_SECONDS);
    const before = await server.call("readCpuTime");
    const requests = await run(seconds);
    return ((await server.call("readCpuTime")) - before) / requests;
  } finally {
    await pool.close();
  }
}

/**
 * The minimal work of a durable queue for a task, in three transactions: insert a row, claim it,
 * complete it.
 */
const LIFECYCLE = `\\set id random(1, 2000000000)
insert into floor_task (id, payload) values (:id, '${BODY}') on conflict do nothing;
update floor_task set status = 'running' where id = :id;
update floor_task set status = 'completed' where id = :id;
`;

/** The resources that PostgreSQL needs for one minimal lifecycle. */
export interface PgbenchFloor {
  readonly cpu: number;
  readonly wal: number;
  readonly perSecond: number;
}

/**
 * Runs minimal lifecycles with 64 clients of pgbench. Returns the resources that PostgreSQL needs
 * for each lifecycle.
 */
export async function measurePgbench(
  { url, pid, directory }: { readonly url: string; readonly pid: number; readonly directory: string },
  seconds: number,
): Promise<PgbenchFloor> {
  const bin = findPrograms({
    names: ["pgbench"],
    aptPackage: "postgresql",
    directories: getDebianPostgresDirectories,
  });
  await query(
    url,
    "create table floor_task (id bigint primary key, status text default 'pending', payload json)",
  );
  const script = join(directory, "lifecycle.sql");
  writeFileSync(script, LIFECYCLE);
  const before = await readPostgresUsage(url, pid);
  const args = ["-n", "-M", "prepared", "-c", "64", "-j", "1", "-T", String(seconds), "-f", script, url];
  const pgbench = spawnProcess(join(bin, "pgbench"), args);
  const { code } = await pgbench.exit;
  if (code !== 0) throw new Error(`pgbench failed:\n${pgbench.stderr()}`);
  const after = await readPostgresUsage(url, pid);
  const [row] = await query(url, "select count(*)::int as tasks from floor_task");
  const lifecycles = Number(row?.["tasks"]);
  return {
    cpu: (after.cpu - before.cpu) / lifecycles,
    wal: (after.wal - before.wal) / lifecycles,
    perSecond: lifecycles / seconds,
  };
}
