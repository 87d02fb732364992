import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { spawnInContainer } from "../../support/container.ts";
import { type ProcessExit, type SpawnedProcess, spawnProcess } from "../../support/processes.ts";
import { TcpProxy } from "../proxy/tcp-proxy.ts";
import { portOf, through } from "./link.ts";

/** The checkout: `bin` and `dist` of joblib as it is. */
export const ROOT = resolve(import.meta.dirname, "../../..");

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a server is started with. */
export interface ServerPlan {
  readonly name: string;
  readonly env: Environment;
  /** Where `bin` and `dist` are: the checkout, or a copy with a planted defect. */
  readonly root: string;
  /** Run it in a PID and a mount namespace of its own, as a container's runtime does. */
  readonly isContained?: boolean;
}

const START_MS = 90_000;

type Spawn = typeof spawnProcess;

const runBy = (spawn: Spawn, root: string, args: readonly string[], env: Environment): SpawnedProcess =>
  spawn(process.execPath, [join(root, "bin/joblib.js"), ...args], {
    cwd: tmpdir(),
    env: { NO_COLOR: "1", NODE_OPTIONS: "", VITEST: "", JOBLIB_LOG_LEVEL: "warn", ...env },
  });

/** Runs the joblib of a checkout, without any setting of this process's environment. */
export const runJoblib = (root: string, args: readonly string[], env: Environment): SpawnedProcess =>
  runBy(spawnProcess, root, args, env);

/** Runs the joblib of a checkout as the first process of a container. */
export const runJoblibInContainer = (
  root: string,
  args: readonly string[],
  env: Environment,
): SpawnedProcess => runBy(spawnInContainer, root, args, env);

/** One `joblib serve`, always behind the same proxy, however often it is killed and started again. */
export class FaultyServer implements AsyncDisposable {
  readonly name: string;
  /** Between the clients and the server. */
  readonly http: TcpProxy;
  readonly #plan: ServerPlan;
  readonly #logs: string[] = [];
  #process: SpawnedProcess | undefined;
  #directUrl = "";
  #isAlive = false;

  private constructor(plan: ServerPlan, http: TcpProxy) {
    this.name = plan.name;
    this.#plan = plan;
    this.http = http;
  }

  static async start(plan: ServerPlan): Promise<FaultyServer> {
    const server = new FaultyServer(plan, await TcpProxy.to(1));
    await server.start();
    return server;
  }

  /** Through the proxy. */
  get url(): string {
    return through("http://127.0.0.1:1", this.http);
  }
  /** Past the proxy. */
  get directUrl(): string {
    return this.#directUrl;
  }
  get isRunning(): boolean {
    return this.#process !== undefined;
  }
  /** False once its process has ended, by whatever cause. */
  get isAlive(): boolean {
    return this.#isAlive;
  }
  get pid(): number {
    if (this.#process === undefined) throw new Error(`${this.name} is not running`);
    return this.#process.pid;
  }
  /** What all its incarnations have logged. */
  get log(): string {
    return [...this.#logs, this.#process?.stderr() ?? ""].join("\n");
  }

  /** Starts it, where it is not running. */
  async start(more: Environment = {}): Promise<void> {
    if (this.#process !== undefined) return;
    const { root, env, isContained = false } = this.#plan;
    const run = isContained ? runJoblibInContainer : runJoblib;
    const process = run(root, ["serve", "--port", "0"], { ...env, ...more });
    const [url] = await process.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, START_MS);
    this.#process = process;
    this.#isAlive = true;
    void process.exit.then(() => {
      if (this.#process === process) this.#isAlive = false;
    });
    this.#directUrl = url;
    this.http.retarget(portOf(url));
  }

  /** Ends it and waits until it is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<ProcessExit> {
    const process = this.#process;
    if (process === undefined) return { code: null, signal: null };
    process.kill("SIGCONT");
    process.kill(signal);
    const exit = await process.exit;
    this.#logs.push(process.stderr());
    this.#process = undefined;
    return exit;
  }

  /** It stands still, with all of its connections open. */
  pause(): void {
    this.#process?.kill("SIGSTOP");
  }
  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await this.http[Symbol.asyncDispose]();
  }
}
