import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { spawnInContainer } from "../../support/container.ts";
import { type ProcessExit, type SpawnedProcess, spawnProcess } from "../../support/processes.ts";
import { TcpProxy } from "../proxy/tcp-proxy.ts";
import { getPort, toProxyUrl } from "./proxy-url.ts";

/** The root of the checkout, which contains `bin` and `dist`. */
export const ROOT = resolve(import.meta.dirname, "../../..");

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ServerOptions {
  readonly name: string;
  readonly env: Environment;
  /** The folder with `bin` and `dist`: the checkout or the copy of a mutant. */
  readonly root: string;
  /** True to run the server in its own PID and mount namespaces, as a container runtime does. */
  readonly isContained?: boolean;
}

const START_MS = 90_000;

type Spawn = typeof spawnProcess;

const runBy = (spawn: Spawn, root: string, args: readonly string[], env: Environment): SpawnedProcess =>
  spawn(process.execPath, [join(root, "bin/joblib.js"), ...args], {
    cwd: tmpdir(),
    env: { NO_COLOR: "1", NODE_OPTIONS: "", VITEST: "", JOBLIB_LOG_LEVEL: "warn", ...env },
  });

/** Runs a joblib command. The environment contains no joblib settings except those in `env`. */
export const runJoblib = (root: string, args: readonly string[], env: Environment): SpawnedProcess =>
  runBy(spawnProcess, root, args, env);

/** Runs a joblib command like `runJoblib`, as the first process of a container. */
export const runJoblibInContainer = (
  root: string,
  args: readonly string[],
  env: Environment,
): SpawnedProcess => runBy(spawnInContainer, root, args, env);

/**
 * A `joblib serve` process behind a proxy. The proxy keeps its port when the process is killed and
 * restarted.
 */
export class ServerProcess implements AsyncDisposable {
  readonly name: string;
  /** The proxy between the clients and the server. */
  readonly proxy: TcpProxy;
  readonly #plan: ServerOptions;
  readonly #logs: string[] = [];
  #process: SpawnedProcess | undefined;
  #directUrl = "";
  #isAlive = false;

  private constructor(plan: ServerOptions, proxy: TcpProxy) {
    this.name = plan.name;
    this.#plan = plan;
    this.proxy = proxy;
  }

  static async start(plan: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(plan, await TcpProxy.to(1));
    await server.start();
    return server;
  }

  /** The address of the proxy, to which clients connect. */
  get url(): string {
    return toProxyUrl("http://127.0.0.1:1", this.proxy);
  }
  /** The address of the server itself, which bypasses the proxy. */
  get directUrl(): string {
    return this.#directUrl;
  }
  get isRunning(): boolean {
    return this.#process !== undefined;
  }
  /** False if the process has ended for any reason. */
  get isAlive(): boolean {
    return this.#isAlive;
  }
  get pid(): number {
    if (this.#process === undefined) throw new Error(`${this.name} is not running`);
    return this.#process.pid;
  }
  /** The log of the current process and of all earlier processes. */
  get log(): string {
    return [...this.#logs, this.#process?.stderr() ?? ""].join("\n");
  }

  /** Starts the process unless it is running. */
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
    this.proxy.retarget(getPort(url));
  }

  /** Sends a signal and waits for the process to exit. */
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

  /** Pauses the process with SIGSTOP; its connections stay open. */
  pause(): void {
    this.#process?.kill("SIGSTOP");
  }
  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await this.proxy[Symbol.asyncDispose]();
  }
}
