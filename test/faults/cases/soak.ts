import { readdirSync, readFileSync } from "node:fs";
import { monotonic } from "../clock.ts";
import type { FaultCase } from "../run/fault-case.ts";
import { underLoad } from "../run/load.ts";
import type { Scene } from "../run/scene.ts";

const LOOK_MS = 5_000;
/** What the end may take: every task to its end, the tables read, the history checked. */
const AFTER_SECONDS = 900;

interface Look {
  readonly server: string;
  readonly pid: number;
  readonly megabytes: number;
  readonly descriptors: number;
}

const lookAt = (scene: Scene): Look[] =>
  scene.cluster.nodes.flatMap(({ server }) => {
    try {
      const [, kilobytes = ""] =
        /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8")) ?? [];
      const descriptors = readdirSync(`/proc/${server.pid}/fd`).length;
      return [{ server: server.name, pid: server.pid, megabytes: Number(kilobytes) / 1024, descriptors }];
    } catch {
      // It is away at this moment, by our own hand.
      return [];
    }
  });

const END_ONE = `select pg_terminate_backend(pid) from (select pid from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
  order by random() limit 1) as b`;

/** What may happen at any moment of a soak, and goes by itself. */
const FAULTS: readonly { readonly kind: string; readonly make: (scene: Scene) => Promise<void> | void }[] = [
  { kind: "database connection ended", make: async ({ cluster }) => void (await cluster.sql.query(END_ONE)) },
  {
    kind: "connections of clients cut",
    make: ({ cluster, random }) => random.pick(cluster.nodes).server.http.cut(),
  },
  { kind: "connections to Redis cut", make: ({ cluster, random }) => random.pick(cluster.nodes).redis.cut() },
  {
    kind: "server paused",
    make: async (scene) => {
      const { server } = scene.random.pick(scene.cluster.nodes);
      server.pause();
      await scene.pause(scene.random.between(100, 1000));
      server.resume();
    },
  },
  {
    kind: "server killed",
    make: async (scene) => {
      const { server } = scene.random.pick(scene.cluster.nodes);
      await server.stop("SIGKILL");
      await server.start();
    },
  },
];

/** One long history: full load, something breaking every few seconds, one verdict over all of it. */
export const soak = (minutes: number): FaultCase => ({
  name: "soak",
  invariants: ["I1", "I2", "I3", "I4", "I5", "I6", "I8", "I12", "I14", "I16"],
  seconds: minutes * 60 + AFTER_SECONDS,
  cluster: { settings: { JOBLIB_WORKER_TIMEOUT_THRESHOLD: "10" } },
  async run(scene) {
    scene.promises = { ordered: true };
    const looks: Look[] = [];
    const watch = setInterval(() => looks.push(...lookAt(scene)), LOOK_MS);
    const until = monotonic() + minutes * 60_000;
    await underLoad(
      scene,
      { submitters: 8, workers: 24, gapMs: 5, workMs: 2, settleSeconds: 120 },
      async () => {
        while (monotonic() < until) {
          await scene.pause(scene.random.between(500, 6000));
          const { kind, make } = scene.random.pick(FAULTS);
          scene.fault(kind);
          await make(scene);
        }
      },
    );
    clearInterval(watch);
    for (const [server, all] of Map.groupBy(looks, (look) => look.server)) {
      scene.tell(
        `memory of ${server}`,
        courseOf(
          all.map(({ megabytes }) => megabytes),
          "MB",
        ),
      );
      scene.tell(
        `descriptors of ${server}`,
        courseOf(
          all.map(({ descriptors }) => descriptors),
          "",
        ),
      );
    }
  },
});

/** How a reading went: its median over the first and the last fifth, and its worst. */
const courseOf = (readings: readonly number[], unit: string): string => {
  const part = Math.max(1, Math.ceil(readings.length / 5));
  const median = (some: readonly number[]) =>
    Math.round(some.toSorted((a, b) => a - b)[some.length >> 1] ?? 0);
  const [first, last] = [median(readings.slice(0, part)), median(readings.slice(-part))];
  return `${first} at first, ${last} at the end, at most ${Math.round(Math.max(...readings))} ${unit}`.trim();
};
