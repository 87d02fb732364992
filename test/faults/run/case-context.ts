import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../support/random.ts";
import type { Expectations, Violation } from "../checker/evidence.ts";
import { Client, type ClientOptions } from "../clients/client.ts";
import { HeartbeatLoop } from "../clients/heartbeat-loop.ts";
import { ManualWorker } from "../clients/manual-worker.ts";
import { RawWorker, type RawWorkerOptions } from "../clients/raw-worker.ts";
import { sleep } from "../clock.ts";
import type { Cluster, Node } from "../cluster/cluster.ts";
import { getPort } from "../cluster/proxy-url.ts";
import type { Tables } from "../cluster/tables.ts";
import { Recorder } from "../history/recorder.ts";
import { type WorkerOptions, WorkerProcess } from "../workers/worker-process.ts";
import type { Measure } from "./measures.ts";
import type { SummaryRow } from "./run-summary.ts";

export interface CaseContextOptions {
  readonly name: string;
  readonly room: string;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly folder: string;
}

type ClientTarget = Partial<Pick<ClientOptions, "user" | "token" | "timeoutSeconds" | "room">> & {
  /** Index of the only server to use. */
  readonly server?: number;
  /** Connects directly to the servers, without their proxies. */
  readonly direct?: boolean;
  /** Addresses to use instead of those of the cluster's servers. */
  readonly urls?: readonly string[];
};

/**
 * The context of a running case: its room in the cluster, its random numbers, its history, and the
 * violations that the case itself reports.
 */
export class CaseContext implements AsyncDisposable {
  readonly name: string;
  readonly room: string;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly folder: string;
  readonly nemesis: Recorder;
  readonly violations: Violation[] = [];
  readonly measures: Measure[] = [];
  readonly rows: SummaryRow[] = [];
  expectations: Expectations = {};
  /** The tables to check. If undefined, the tables of the cluster are checked. */
  tables: Tables | undefined;
  readonly #stack = new AsyncDisposableStack();
  #count = 0;

  constructor({ name, room, cluster, random, folder }: CaseContextOptions) {
    this.name = name;
    this.room = room;
    this.cluster = cluster;
    this.random = random;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.nemesis = this.#recorder("nemesis");
  }

  get workerTimeoutMs(): number {
    return Number(this.cluster.settings["JOBLIB_WORKER_TIMEOUT_SECONDS"]) * 1000;
  }
  /**
   * Maximum time until the leases of a silent worker end: the worker timeout, a sweep interval, and
   * 3 s for a busy machine.
   */
  get maxSweepDelayMs(): number {
    const { JOBLIB_SWEEPER_INTERVAL_SECONDS: interval } = this.cluster.settings;
    return this.workerTimeoutMs + Number(interval) * 1000 + 3000;
  }

  node(index: number): Node {
    const node = this.cluster.nodes[index];
    if (node === undefined) throw new Error(`the cluster has no server ${index}`);
    return node;
  }

  client(name = "client", { server, direct = false, ...plan }: ClientTarget = {}): Client {
    const nodes = server === undefined ? this.cluster.nodes : [this.node(server)];
    const urls = nodes.map((node) => (direct ? node.server.directUrl : node.server.url));
    this.#count += 1;
    const recorder = this.#recorder(`${name}${this.#count}`);
    return new Client({ room: this.room, recorder, urls, ...plan });
  }

  /**
   * Creates a manual worker that sends heartbeats until the end of the case. If `silent` is set,
   * the worker sends no heartbeats.
   */
  async manualWorker(
    name = "worker",
    { silent = false, ...plan }: ClientTarget & { silent?: boolean } = {},
  ): Promise<ManualWorker> {
    const manualWorker = await ManualWorker.create(this.client(name, plan));
    if (!silent) this.#stack.use(new HeartbeatLoop(manualWorker));
    return manualWorker;
  }

  async rawWorker(plan: Partial<RawWorkerOptions> & ClientTarget = {}): Promise<RawWorker> {
    const { server, direct, ...work } = plan;
    const target = {
      ...(server === undefined ? {} : { server }),
      ...(direct === undefined ? {} : { direct }),
    };
    const client = this.client("raw", target);
    const random = this.random.fork(`raw${this.#count}`);
    return this.#stack.use(await RawWorker.start(client, { random, ...work }));
  }

  /** Starts an SDK worker behind its own proxy, which connects to the proxy of a server. */
  async workerProcess(
    name: string,
    { server = 0, ...plan }: Partial<Pick<WorkerOptions, "concurrency" | "env">> & { server?: number } = {},
  ): Promise<WorkerProcess> {
    const serverPort = getPort(this.node(server).server.url);
    const { room, folder: historyFolder, nemesis: recorder } = this;
    return this.#stack.use(
      await WorkerProcess.start({ name, room, serverPort, historyFolder, recorder, ...plan }),
    );
  }

  /** Reports a violation of an invariant if `holds` is false. */
  require(holds: boolean, invariant: string, message: string): void {
    if (!holds) this.violations.push({ invariant, message });
  }

  /** Adds a row to the summary of the run. */
  addRow(name: string, value: string): void {
    this.rows.push([name, value]);
  }

  /** Adds a duration to the summary of the run. */
  measure(what: string, ms: number): void {
    this.measures.push({ what, ms });
  }

  /** Records an injected fault. */
  fault(kind: string): void {
    this.nemesis.fault(kind);
  }

  /** Waits for a duration that is part of a fault. */
  pause(milliseconds: number): Promise<void> {
    return sleep(milliseconds);
  }

  /**
   * Disposes the resource at the end of the case. Resources are disposed in reverse order of the
   * calls.
   */
  use<Value extends AsyncDisposable>(value: Value): Value {
    return this.#stack.use(value);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  #recorder(process: string): Recorder {
    const recorder = new Recorder(join(this.folder, `${process}.jsonl`), process);
    this.#stack.use(recorder);
    return recorder;
  }
}
