import { join } from "node:path";
import { type SpawnedProcess, spawnProcess } from "../../support/processes.ts";
import { type Environment, ROOT } from "../cluster/faulty-server.ts";
import type { Recorder } from "../history/recorder.ts";
import { TcpProxy } from "../proxy/tcp-proxy.ts";

/** What a worker process is started with. */
export interface WorkerPlan {
  readonly name: string;
  readonly room: string;
  /** Of the server; the worker goes there through a link of its own. */
  readonly serverPort: number;
  readonly historyFolder: string;
  readonly recorder: Recorder;
  readonly concurrency?: number;
  readonly env?: Environment;
}

const START_MS = 40_000;

/** A worker on the SDK in a process of its own, behind a link of its own. */
export class WorkerProcess implements AsyncDisposable {
  readonly link: TcpProxy;
  readonly process: SpawnedProcess;
  readonly #plan: WorkerPlan;
  #workerId = "";
  #isGone = false;

  private constructor(plan: WorkerPlan, link: TcpProxy, process: SpawnedProcess) {
    this.#plan = plan;
    this.link = link;
    this.process = process;
  }

  static async start(plan: WorkerPlan): Promise<WorkerProcess> {
    const link = await TcpProxy.to(plan.serverPort);
    const process = spawnProcess("node", [join(ROOT, "test/faults/workers/sdk-worker.ts")], {
      cwd: ROOT,
      env: {
        ...{ NO_COLOR: "1", NODE_OPTIONS: "", VITEST: "" },
        JOBLIB_URL: `http://127.0.0.1:${link.port}`,
        JOBLIB_ROOM: plan.room,
        FAULTS_HISTORY: join(plan.historyFolder, `${plan.name}.jsonl`),
        FAULTS_NAME: plan.name,
        FAULTS_CONCURRENCY: String(plan.concurrency ?? 2),
        ...plan.env,
      },
    });
    const worker = new WorkerProcess(plan, link, process);
    void process.exit.then(() => {
      worker.#isGone = true;
    });
    const [, id = ""] = await process.waitForLine(/^ready (\S+)/, START_MS);
    worker.#workerId = id;
    return worker;
  }

  /** The id under which it was announced first. */
  get id(): string {
    return this.#workerId;
  }
  get isGone(): boolean {
    return this.#isGone;
  }

  /** It is gone without a word; what it held is to be let go of in so many ms. */
  async kill(within: number): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exit;
    this.#plan.recorder.note({ note: "gone", kind: "worker killed", worker: this.#workerId, within });
  }

  /** Stands still, its connections open. */
  pause(): void {
    this.process.kill("SIGSTOP");
  }
  resume(): void {
    this.process.kill("SIGCONT");
  }

  /** Leaves in order. */
  async stop(): Promise<number | null> {
    const leaving = this.#plan.recorder.invoke("leave", { worker: this.#workerId });
    this.process.kill("SIGCONT");
    this.process.kill("SIGTERM");
    const { code } = await this.process.exit;
    leaving.unknown({});
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isGone) {
      this.process.kill("SIGKILL");
      await this.process.exit;
    }
    await this.link[Symbol.asyncDispose]();
  }
}
