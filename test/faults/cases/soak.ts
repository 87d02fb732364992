import { readdirSync, readFileSync } from "node:fs";
import { monotonic } from "../clock.ts";
import type { CaseContext } from "../run/case-context.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { runUnderLoad } from "../run/load.ts";

const SAMPLE_INTERVAL_MS = 5_000;
/**
 * Time limit for the work after the load: finishing every task, reading the tables and checking the
 * history.
 */
const FINISH_SECONDS = 900;

interface Sample {
  readonly server: string;
  readonly pid: number;
  readonly megabytes: number;
  readonly descriptors: number;
}

const takeSamples = (context: CaseContext): Sample[] =>
  context.cluster.nodes.flatMap(({ server }) => {
    try {
      const [, kilobytes = ""] =
        /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8")) ?? [];
      const descriptors = readdirSync(`/proc/${server.pid}/fd`).length;
      return [{ server: server.name, pid: server.pid, megabytes: Number(kilobytes) / 1024, descriptors }];
    } catch {
      // The soak has just killed this server, so its memory cannot be read.
      return [];
    }
  });

const TERMINATE_CONNECTION = `select pg_terminate_backend(pid) from (select pid from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
  order by random() limit 1) as b`;

/**
 * Faults that may be injected at any moment of a soak. Each fault ends by itself, so nothing needs to
 * be repaired afterwards.
 */
const FAULTS: readonly {
  readonly kind: string;
  readonly inject: (context: CaseContext) => Promise<void> | void;
}[] = [
  {
    kind: "database connection ended",
    inject: async ({ cluster }) => void (await cluster.sql.query(TERMINATE_CONNECTION)),
  },
  {
    kind: "connections of clients cut",
    inject: ({ cluster, random }) => random.pick(cluster.nodes).server.proxy.cut(),
  },
  {
    kind: "connections to Redis cut",
    inject: ({ cluster, random }) => random.pick(cluster.nodes).redisProxy.cut(),
  },
  {
    kind: "server paused",
    inject: async (context) => {
      const { server } = context.random.pick(context.cluster.nodes);
      server.pause();
      await context.pause(context.random.between(100, 1000));
      server.resume();
    },
  },
  {
    kind: "server killed",
    inject: async (context) => {
      const { server } = context.random.pick(context.cluster.nodes);
      await server.stop("SIGKILL");
      await server.start();
    },
  },
];

/** Builds a case that records one long history under full load, with a fault every few seconds. */
export const buildSoak = (minutes: number): FaultCase => ({
  name: "soak",
  invariants: ["I1", "I2", "I3", "I4", "I5", "I6", "I8", "I12", "I14", "I16"],
  seconds: minutes * 60 + FINISH_SECONDS,
  cluster: { settings: { JOBLIB_WORKER_TIMEOUT_SECONDS: "10" } },
  async run(context) {
    context.expectations = { ordered: true };
    const samples: Sample[] = [];
    const sampling = setInterval(() => samples.push(...takeSamples(context)), SAMPLE_INTERVAL_MS);
    const until = monotonic() + minutes * 60_000;
    await runUnderLoad(
      context,
      { submitters: 8, workers: 24, gapMs: 5, workMs: 2, finishSeconds: 120 },
      async () => {
        while (monotonic() < until) {
          await context.pause(context.random.between(500, 6000));
          const { kind, inject } = context.random.pick(FAULTS);
          context.fault(kind);
          await inject(context);
        }
      },
    );
    clearInterval(sampling);
    for (const [server, all] of Map.groupBy(samples, (sample) => sample.server)) {
      context.addRow(
        `memory of ${server}`,
        formatTrend(
          all.map(({ megabytes }) => megabytes),
          "MB",
        ),
      );
      context.addRow(
        `descriptors of ${server}`,
        formatTrend(
          all.map(({ descriptors }) => descriptors),
          "",
        ),
      );
    }
  },
});

/**
 * Formats a series of readings: the median of the first fifth, the median of the last fifth, and
 * the maximum of all readings.
 */
const formatTrend = (readings: readonly number[], unit: string): string => {
  const part = Math.max(1, Math.ceil(readings.length / 5));
  const median = (some: readonly number[]) =>
    Math.round(some.toSorted((a, b) => a - b)[some.length >> 1] ?? 0);
  const [first, last] = [median(readings.slice(0, part)), median(readings.slice(-part))];
  return `${first} at first, ${last} at the end, at most ${Math.round(Math.max(...readings))} ${unit}`.trim();
};
