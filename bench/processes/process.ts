import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The calls that a process serves, by name. Each call has at most one argument. */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>;

/** A call that is sent to a process. */
export interface Request {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

/** The reply to a call. The reply with id 0 reports that the process is ready. */
export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * A child process of the benchmark. It ends when it is disposed, or when its parent process ends.
 */
export class Process<Own extends Calls> implements AsyncDisposable {
  static readonly #alive = new Set<Process<Calls>>();
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #calls = 0;

  private constructor(file: string) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    this.#child = fork(path, [], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", (reply: Reply) => this.#settle(reply));
    this.#child.on("error", (error) => this.#fail(error));
    this.#child.once("exit", (code, signal) => {
      Process.#alive.delete(this);
      this.#fail(new Error(`${file} ended with ${code ?? signal}`));
    });
    Process.#alive.add(this);
  }

  /** Starts a file of this folder that serves calls. */
  static async start<Own extends Calls>(file: string): Promise<Process<Own>> {
    const process = new Process<Own>(file);
    await process.#expect(0);
    return process;
  }

  /** Ends all remaining processes and rejects their pending calls. */
  static async endAll(): Promise<void> {
    await Promise.all([...Process.#alive].map((process) => process[Symbol.asyncDispose]()));
  }

  call<Name extends keyof Own & string>(
    name: Name,
    ...[argument]: Parameters<Own[Name]>
  ): Promise<Awaited<ReturnType<Own[Name]>>>;
  call(name: string, argument?: unknown): Promise<unknown> {
    this.#calls += 1;
    const request: Request = { id: this.#calls, name, argument };
    const reply = this.#expect(request.id);
    this.#child.send(request);
    return reply;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  #expect(id: number): Promise<unknown> {
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  #settle({ id, value, error }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
