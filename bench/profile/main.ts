import { tmpdir } from "node:os";
import { endLeftoverProcesses } from "../../test/support/processes.ts";
import { describeMachine, getLoadWarning } from "../machine.ts";
import { openLifecycles } from "../measures/growth.ts";
import type { LifecycleCalls } from "../processes/lifecycles.ts";
import type { Process } from "../processes/process.ts";
import { formatMarkdown } from "../report.ts";
import { createDatabase } from "../services/databases.ts";
import { type JoblibServer, serve } from "../services/joblib-server.ts";
import { type DurablePostgres, startDurablePostgres } from "../services/postgres.ts";
import { type Category, sumAllocations, sumCpuTime } from "./categories.ts";
import { measureBareRoute, measurePgbench } from "./floors.ts";
import { Inspector } from "./inspector.ts";
import {
  readCpuTime,
  readPostgresUsage,
  readStatements,
  resetStatements,
  type StatementUsage,
} from "./postgres-usage.ts";

const WIDTH = 64;
const WARM_UP_SECONDS = 3;
const SECONDS = 8;
const REQUESTS_PER_LIFECYCLE = 3;

/**
 * The costs of a task lifecycle (submit, claim, complete). The server, PostgreSQL and the client
 * run on the same machine.
 */
interface LifecycleProfile {
  readonly perSecond: number;
  /** CPU time of the server for each lifecycle in microseconds, by category. */
  readonly cpu: ReadonlyMap<Category, number>;
  /** Memory that the server allocates for each lifecycle in kilobytes, by category. */
  readonly allocated: ReadonlyMap<Category, number>;
  readonly postgresCpu: number;
  readonly walBytes: number;
  /** The SQL statements, with the number of their calls and their execution time per lifecycle. */
  readonly statements: readonly StatementUsage[];
}

interface Target {
  readonly postgres: DurablePostgres;
  readonly databaseUrl: string;
  readonly server: JoblibServer;
  readonly lifecycles: Process<LifecycleCalls>;
}

/**
 * Measures CPU times in a run without a profiler. The shares of the categories are from a second
 * run with a profiler.
 */
async function profileLifecycles(target: Target, inspector: Inspector): Promise<LifecycleProfile> {
  const { postgres, databaseUrl, server, lifecycles } = target;
  const run = () => lifecycles.call("run", { width: WIDTH, seconds: SECONDS });
  await lifecycles.call("run", { width: WIDTH, seconds: WARM_UP_SECONDS });

  await resetStatements(databaseUrl);
  const before = { ...(await readPostgresUsage(databaseUrl, postgres.pid)), server: readCpuTime(server.pid) };
  const perSecond = await run();
  const count = perSecond * SECONDS;
  const after = { ...(await readPostgresUsage(databaseUrl, postgres.pid)), server: readCpuTime(server.pid) };
  const statements = await readStatements(databaseUrl);

  const shares = sumCpuTime(await inspector.profileCpu(run));
  const total = [...shares.values()].reduce((sum, cost) => sum + cost, 0);
  const serverCpu = (after.server - before.server) / count;
  let profiled = 0;
  const allocated = await inspector.profileAllocations(async () => {
    profiled = (await run()) * SECONDS;
  });
  return {
    perSecond,
    cpu: new Map([...shares].map(([category, cost]) => [category, (cost / total) * serverCpu])),
    allocated: new Map(
      [...sumAllocations(allocated)].map(([category, bytes]) => [category, bytes / 1024 / profiled]),
    ),
    postgresCpu: (after.cpu - before.cpu) / count,
    walBytes: (after.wal - before.wal) / count,
    statements: statements.map(({ text, calls, time }) => ({
      text: text.replace(/\s+/g, " ").slice(0, 60),
      calls: calls / count,
      time: time / count,
    })),
  };
}

const format = (value: number) => value.toFixed(value < 10 ? 1 : 0);

function formatProfile({ cpu, allocated, statements }: LifecycleProfile): string {
  const categories = [...cpu].sort(([, a], [, b]) => b - a);
  const byCategory = categories.map(([category, microseconds]) => [
    category,
    format(microseconds),
    format(allocated.get(category) ?? 0),
  ]);
  const byStatement = statements
    .filter(({ time }) => time >= 1)
    .map(({ text, calls, time }) => [`\`${text}\``, calls.toFixed(3), format(time)]);
  return [
    formatMarkdown([["server", "CPU, µs", "allocated, KB"], ...byCategory]),
    formatMarkdown([["statement", "executions", "µs"], ...byStatement]),
  ].join("\n\n");
}

async function main(): Promise<void> {
  process.stderr.write(`${describeMachine()}\n${getLoadWarning() ?? ""}\n`);
  await using open = new AsyncDisposableStack();
  open.defer(async () => void (await endLeftoverProcesses()));
  const postgres = open.use(await startDurablePostgres(["shared_preload_libraries=pg_stat_statements"]));
  const { url: databaseUrl } = open.use(await createDatabase(postgres.url));
  const server = open.use(await serve({ databaseUrl }, "batching", "--inspect=127.0.0.1:0"));
  // `joblib serve` starts itself again with other Node.js options, and each process prints a URL.
  // The last URL belongs to the server.
  const inspectorUrl = server
    .stderr()
    .match(/ws:\/\/\S+/g)
    ?.at(-1);
  if (inspectorUrl === undefined) throw new Error("the server has not printed the URL of its inspector");
  using inspector = await Inspector.connect(inspectorUrl);
  const lifecycles = open.use(await openLifecycles(server));
  const profile = await profileLifecycles({ postgres, databaseUrl, server, lifecycles }, inspector);

  const route = await measureBareRoute(SECONDS);
  const floorDatabase = open.use(await createDatabase(postgres.url));
  const pgbench = await measurePgbench(
    { url: floorDatabase.url, pid: postgres.pid, directory: tmpdir() },
    SECONDS,
  );
  const serverCpu = [...profile.cpu.values()].reduce((sum, cost) => sum + cost, 0);
  const summary = [
    ["for each lifecycle", "joblib", "floor", "measured with"],
    [
      "server, CPU µs",
      format(serverCpu),
      format(route * REQUESTS_PER_LIFECYCLE),
      `${REQUESTS_PER_LIFECYCLE} requests to a Fastify route that returns its body`,
    ],
    [
      "PostgreSQL, CPU µs",
      format(profile.postgresCpu),
      format(pgbench.cpu),
      "pgbench: insert, two updates by key",
    ],
    ["write-ahead log, bytes", format(profile.walBytes), format(pgbench.wal), "the same"],
    ["lifecycles/s", format(profile.perSecond), format(pgbench.perSecond), "pgbench alone on the machine"],
  ];
  process.stdout.write(`${formatMarkdown(summary)}\n\n${formatProfile(profile)}\n`);
}

await main();
