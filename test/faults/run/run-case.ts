import { rmSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../support/random.ts";
import { checkInvariants } from "../checker/check.ts";
import type { Violation } from "../checker/evidence.ts";
import { getWallOffset, monotonic } from "../clock.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { readTables } from "../cluster/tables.ts";
import { type History, readHistory } from "../history/history.ts";
import { CaseContext } from "./case-context.ts";
import { withDeadline } from "./deadline.ts";
import type { FaultCase } from "./fault-case.ts";
import { computeMeasures, type Measure } from "./measures.ts";
import type { SummaryRow } from "./run-summary.ts";

export interface CaseResult {
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  readonly violations: readonly Violation[];
  readonly history: History;
  readonly measures: readonly Measure[];
  /** Additional rows for the summary. */
  readonly rows: readonly SummaryRow[];
  /** The folder with the history of the case. */
  readonly folder: string;
}

const EMPTY: History = { operations: [], notes: [] };
/** Default time limit of a case. */
export const MAX_CASE_SECONDS = 60;

/** Creates the result of a case that could not be started or did not end in time. */
export const createFailedResult = (
  { name }: FaultCase,
  { message, ...rest }: Pick<CaseResult, "seed" | "seconds" | "folder"> & { readonly message: string },
): CaseResult => ({
  ...rest,
  name,
  violations: [{ invariant: "case", message }],
  history: EMPTY,
  measures: [],
  rows: [],
});

/** Removes all network faults, and resumes or restarts every server. */
const healCluster = async ({ cluster }: CaseContext): Promise<void> => {
  for (const { server, postgresProxy, redisProxy } of cluster.nodes) {
    for (const proxy of [server.proxy, postgresProxy, redisProxy]) {
      proxy.heal();
      await proxy.accept();
    }
    server.resume();
    await server.start();
  }
};

/**
 * Finds error messages in the servers' logs. An unexpected error in a log is a bug even if no client
 * received an error.
 */
const findLoggedErrors = ({ nodes }: Cluster, logs: readonly string[]): Violation[] =>
  nodes.flatMap(({ server }, index) =>
    server.log
      .slice(logs[index]?.length ?? 0)
      .split("\n")
      .filter((line) => line.includes('"level":50') || line.includes('"level":60'))
      .map((line) => ({ invariant: "I16", message: `${server.name} logged ${line.slice(0, 600)}` })),
  );

const requireInTime = async (work: Promise<void>, seconds: number): Promise<void> => {
  const hasEnded = await withDeadline(
    work.then(() => true),
    seconds,
  );
  if (hasEnded !== true) throw new Error(`the case did not end within ${seconds} s`);
};

let rooms = 0;

/** Runs a case in its own room and checks its history. */
export const runCase = async (
  one: FaultCase,
  { cluster, seed, folder }: { readonly cluster: Cluster; readonly seed: number; readonly folder: string },
): Promise<CaseResult> => {
  rooms += 1;
  const room = `room-${rooms}`;
  const own = join(folder, `${one.name.replace(/\W+/g, "-")}-${seed}`);
  rmSync(own, { recursive: true, force: true });
  const random = new Random(seed).fork(one.name);
  const context = new CaseContext({ name: one.name, room, cluster, random, folder: own });
  const began = monotonic();
  const logs = cluster.nodes.map(({ server }) => server.log);
  let history = EMPTY;
  try {
    await requireInTime(one.run(context), one.seconds ?? MAX_CASE_SECONDS);
    await healCluster(context);
    await context[Symbol.asyncDispose]();
    history = readHistory(own);
    const audited = context.tables === undefined;
    const tables = context.tables ?? (await readTables(cluster.sql, room));
    const { expectations, workerTimeoutMs } = context;
    const evidence = { history, tables, audited, wallOffset: getWallOffset(), workerTimeoutMs, expectations };
    // A loop is used instead of spread arguments, because a soak may produce more entries than the
    // maximum number of arguments of a call.
    for (const measure of computeMeasures(evidence)) context.measures.push(measure);
    for (const violation of checkInvariants(evidence)) context.violations.push(violation);
    for (const violation of findLoggedErrors(cluster, logs)) context.violations.push(violation);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    context.violations.push({ invariant: "case", message });
    await healCluster(context).catch(() => {});
    await context[Symbol.asyncDispose]().catch(() => {});
  }
  const seconds = (monotonic() - began) / 1000;
  return {
    name: one.name,
    seed,
    seconds,
    violations: context.violations,
    history,
    measures: context.measures,
    rows: context.rows,
    folder: own,
  };
};
