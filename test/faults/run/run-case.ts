import { rmSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../support/random.ts";
import { check } from "../checker/check.ts";
import type { Violation } from "../checker/evidence.ts";
import { monotonic, wallOffset } from "../clock.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { readTables } from "../cluster/tables.ts";
import { type History, readHistory } from "../history/history.ts";
import { orLate } from "./deadline.ts";
import type { FaultCase } from "./fault-case.ts";
import type { FigureRow } from "./figures.ts";
import { type Measure, measuresOf } from "./measures.ts";
import { Scene } from "./scene.ts";

/** What became of a case. */
export interface Verdict {
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  readonly violations: readonly Violation[];
  readonly history: History;
  readonly measures: readonly Measure[];
  /** What it tells besides. */
  readonly told: readonly FigureRow[];
  /** Where the history lies while it is kept. */
  readonly folder: string;
}

const EMPTY: History = { operations: [], notes: [] };
/** How long a case may take that does not say so itself. */
export const LONGEST_SECONDS = 60;

/** The verdict on a case that could not be ended, or begun. */
export const unfinished = (
  { name }: FaultCase,
  { message, ...rest }: Pick<Verdict, "seed" | "seconds" | "folder"> & { readonly message: string },
): Verdict => ({
  ...rest,
  name,
  violations: [{ invariant: "case", message }],
  history: EMPTY,
  measures: [],
  told: [],
});

/** Every link passes again, and whoever was stopped goes on. */
const heal = async ({ cluster }: Scene): Promise<void> => {
  for (const { server, postgres, redis } of cluster.nodes) {
    for (const proxy of [server.http, postgres, redis]) {
      proxy.heal();
      await proxy.accept();
    }
    server.resume();
    await server.start();
  }
};

/** What a server calls unexpected is a bug, whatever its clients saw. */
const loggedBugs = ({ nodes }: Cluster, logs: readonly string[]): Violation[] =>
  nodes.flatMap(({ server }, place) =>
    server.log
      .slice(logs[place]?.length ?? 0)
      .split("\n")
      .filter((line) => line.includes('"level":50') || line.includes('"level":60'))
      .map((line) => ({ invariant: "I16", message: `${server.name} logged ${line.slice(0, 600)}` })),
  );

const inTime = async (work: Promise<void>, seconds: number): Promise<void> => {
  const isOver = await orLate(
    work.then(() => true),
    seconds,
  );
  if (isOver !== true) throw new Error(`it was not over after ${seconds} s`);
};

let rooms = 0;

/** Runs a case in a room of its own, and lets the checker decide. */
export const runCase = async (
  one: FaultCase,
  { cluster, seed, folder }: { readonly cluster: Cluster; readonly seed: number; readonly folder: string },
): Promise<Verdict> => {
  rooms += 1;
  const room = `room-${rooms}`;
  const own = join(folder, `${one.name.replace(/\W+/g, "-")}-${seed}`);
  rmSync(own, { recursive: true, force: true });
  const random = new Random(seed).fork(one.name);
  const scene = new Scene({ name: one.name, room, cluster, random, folder: own });
  const began = monotonic();
  const logs = cluster.nodes.map(({ server }) => server.log);
  let history = EMPTY;
  try {
    await inTime(one.run(scene), one.seconds ?? LONGEST_SECONDS);
    await heal(scene);
    await scene[Symbol.asyncDispose]();
    history = readHistory(own);
    const audited = scene.tables === undefined;
    const tables = scene.tables ?? (await readTables(cluster.sql, room));
    const { promises, thresholdMs } = scene;
    const evidence = { history, tables, audited, wallOffset: wallOffset(), thresholdMs, promises };
    // One by one: a soak may have more of them than a call may have arguments.
    for (const measure of measuresOf(evidence)) scene.measures.push(measure);
    for (const violation of check(evidence)) scene.violations.push(violation);
    for (const violation of loggedBugs(cluster, logs)) scene.violations.push(violation);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    scene.violations.push({ invariant: "case", message });
    await heal(scene).catch(() => {});
    await scene[Symbol.asyncDispose]().catch(() => {});
  }
  const seconds = (monotonic() - began) / 1000;
  return {
    name: one.name,
    seed,
    seconds,
    violations: scene.violations,
    history,
    measures: scene.measures,
    told: scene.told,
    folder: own,
  };
};
