import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../support/random.ts";
import type { Promises, Violation } from "../checker/evidence.ts";
import { Client, type ClientPlan } from "../clients/client.ts";
import { Hand } from "../clients/hand.ts";
import { RawWorker, type RawWorkerPlan } from "../clients/raw-worker.ts";
import { elapse } from "../clock.ts";
import type { Cluster, Node } from "../cluster/cluster.ts";
import { portOf } from "../cluster/link.ts";
import type { Tables } from "../cluster/tables.ts";
import { Recorder } from "../history/recorder.ts";
import { type WorkerPlan, WorkerProcess } from "../workers/worker-process.ts";
import type { FigureRow } from "./figures.ts";
import type { Measure } from "./measures.ts";

/** What a scene is made of. */
export interface ScenePlan {
  readonly name: string;
  readonly room: string;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly folder: string;
}

type Numbered = Partial<Pick<ClientPlan, "user" | "token" | "timeoutSeconds" | "room">> & {
  /** Only this server, by its place. */
  readonly server?: number;
  /** Past the proxies. */
  readonly direct?: boolean;
  /** Other servers than the cluster's. */
  readonly urls?: readonly string[];
};

/** One case while it runs: its room in the cluster, its random numbers, its history, and what it found wrong itself. */
export class Scene implements AsyncDisposable {
  readonly name: string;
  readonly room: string;
  readonly cluster: Cluster;
  readonly random: Random;
  readonly folder: string;
  readonly nemesis: Recorder;
  readonly violations: Violation[] = [];
  readonly measures: Measure[] = [];
  readonly told: FigureRow[] = [];
  promises: Promises = {};
  /** Where the tables are not those of the cluster. */
  tables: Tables | undefined;
  readonly #stack = new AsyncDisposableStack();
  #count = 0;

  constructor({ name, room, cluster, random, folder }: ScenePlan) {
    this.name = name;
    this.room = room;
    this.cluster = cluster;
    this.random = random;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.nemesis = this.#recorder("nemesis");
  }

  get thresholdMs(): number {
    return Number(this.cluster.settings["JOBLIB_WORKER_TIMEOUT_THRESHOLD"]) * 1000;
  }
  /** How long what a silent worker holds may stay its own: the threshold, a sweep, and what a busy machine adds. */
  get sweepBarMs(): number {
    const { JOBLIB_SWEEPER_INTERVAL_SECONDS: interval } = this.cluster.settings;
    return this.thresholdMs + Number(interval) * 1000 + 3000;
  }

  /** One of the cluster's nodes. */
  node(place: number): Node {
    const node = this.cluster.nodes[place];
    if (node === undefined) throw new Error(`there is no server ${place}`);
    return node;
  }

  client(name = "client", { server, direct = false, ...plan }: Numbered = {}): Client {
    const nodes = server === undefined ? this.cluster.nodes : [this.node(server)];
    const urls = nodes.map((node) => (direct ? node.server.directUrl : node.server.url));
    this.#count += 1;
    const recorder = this.#recorder(`${name}${this.#count}`);
    return new Client({ room: this.room, recorder, urls, ...plan });
  }

  hand(name = "hand", plan: Numbered = {}): Promise<Hand> {
    return Hand.of(this.client(name, plan));
  }

  async rawWorker(plan: Partial<RawWorkerPlan> & Numbered = {}): Promise<RawWorker> {
    const { server, direct, ...work } = plan;
    const where = {
      ...(server === undefined ? {} : { server }),
      ...(direct === undefined ? {} : { direct }),
    };
    const client = this.client("raw", where);
    const random = this.random.fork(`raw${this.#count}`);
    return this.#stack.use(await RawWorker.start(client, { random, ...work }));
  }

  /** A worker process behind a server's proxy, or straight before the server. */
  async workerProcess(
    name: string,
    { server = 0, ...plan }: Partial<Pick<WorkerPlan, "concurrency" | "env">> & { server?: number } = {},
  ): Promise<WorkerProcess> {
    const serverPort = portOf(this.node(server).server.url);
    const { room, folder: historyFolder, nemesis: recorder } = this;
    return this.#stack.use(
      await WorkerProcess.start({ name, room, serverPort, historyFolder, recorder, ...plan }),
    );
  }

  /** A judgement of the case itself, in the words of the invariant that it stands for. */
  require(holds: boolean, invariant: string, message: string): void {
    if (!holds) this.violations.push({ invariant, message });
  }

  /** For the figures: a row of its own. */
  tell(name: string, value: string): void {
    this.told.push([name, value]);
  }

  /** For the figures: how long something took. */
  measure(what: string, ms: number): void {
    this.measures.push({ what, ms });
  }

  /** For the figures: a fault was made. */
  fault(kind: string): void {
    this.nemesis.fault(kind);
  }

  /** Time that belongs to a fault. */
  pause(milliseconds: number): Promise<void> {
    return elapse(milliseconds);
  }

  /** Ended with the scene, after the workers that were started later. */
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
