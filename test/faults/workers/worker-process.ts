import { join } from "node:path";
import { type SpawnedProcess, spawnProcess } from "../../support/processes.ts";
import { type Environment, ROOT } from "../cluster/server-process.ts";
import type { Recorder } from "../history/recorder.ts";
import { TcpProxy } from "../proxy/tcp-proxy.ts";

export interface WorkerOptions {
  readonly name: string;
  readonly room: string;
  /** The port of the server's proxy. The worker connects to this port through its own proxy. */
  readonly serverPort: number;
  readonly historyFolder: string;
  readonly recorder: Recorder;
  readonly concurrency?: number;
  readonly env?: Environment;
}

const START_MS = 40_000;

/** An SDK worker in its own process, behind its own proxy. */
export class WorkerProcess implements AsyncDisposable {
  readonly proxy: TcpProxy;
  readonly process: SpawnedProcess;
  readonly #plan: WorkerOptions;
  #workerId = "";
  #isGone = false;

  private constructor(plan: WorkerOptions, proxy: TcpProxy, process: SpawnedProcess) {
    this.#plan = plan;
    this.proxy = proxy;
    this.process = process;
  }

  static async start(plan: WorkerOptions): Promise<WorkerProcess> {
    const proxy = await TcpProxy.to(plan.serverPort);
    const process = spawnProcess("node", [join(ROOT, "test/faults/workers/sdk-worker.ts")], {
      cwd: ROOT,
      env: {
        ...{ NO_COLOR: "1", NODE_OPTIONS: "", VITEST: "" },
        JOBLIB_URL: `http://127.0.0.1:${proxy.port}`,
        JOBLIB_ROOM: plan.room,
        FAULTS_HISTORY: join(plan.historyFolder, `${plan.name}.jsonl`),
        FAULTS_NAME: plan.name,
        FAULTS_CONCURRENCY: String(plan.concurrency ?? 2),
        ...plan.env,
      },
    });
    const worker = new WorkerProcess(plan, proxy, process);
    void process.exit.then(() => {
      worker.#isGone = true;
    });
    const [, id = ""] = await process.waitForLine(/^ready (\S+)/, START_MS);
    worker.#workerId = id;
    return worker;
  }

  /** The id that the worker received at its first registration. */
  get id(): string {
    return this.#workerId;
  }
  get isGone(): boolean {
    return this.#isGone;
  }

  /**
   * Kills the process with SIGKILL, and records that the worker's leases must end within `within`
   * milliseconds.
   */
  async kill(within: number): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exit;
    this.#plan.recorder.note({ note: "gone", kind: "worker killed", worker: this.#workerId, within });
  }

  /** Pauses the process with SIGSTOP; its connections stay open. */
  pause(): void {
    this.process.kill("SIGSTOP");
  }
  resume(): void {
    this.process.kill("SIGCONT");
  }

  /** Stops the worker with SIGTERM and returns its exit code. */
  async stop(): Promise<number | null> {
    const deregistering = this.#plan.recorder.invoke("deregister", { worker: this.#workerId });
    this.process.kill("SIGCONT");
    this.process.kill("SIGTERM");
    const { code } = await this.process.exit;
    deregistering.unknown({});
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isGone) {
      this.process.kill("SIGKILL");
      await this.process.exit;
    }
    await this.proxy[Symbol.asyncDispose]();
  }
}
