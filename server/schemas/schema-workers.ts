import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Problem } from "../../protocol/index.ts";
import { FairQueue } from "./fair-queue.ts";
import { type SchemaError, TAKES_TOO_LONG } from "./schema-error.ts";
import type { SchemaUse } from "./schema-limits.ts";

/** A request to a worker thread. Schema and value are JSON text. */
export type SchemaRequest =
  | { kind: "check"; schema: string; use: SchemaUse }
  | { kind: "validate"; hash: string; schema: string; value: string };

interface PendingRequest {
  request: SchemaRequest;
  resolve: (errors: SchemaError[]) => void;
  reject: (error: unknown) => void;
}

/** Maximum number of waiting requests per user and in total. */
const QUEUE_LIMITS = { perOwner: 100, total: 400 } as const;

const START_TIMEOUT_MS = 30_000;

// The deadline of a validation is longer by this factor: a schema whose check took almost the whole deadline
// must be compiled twice, once for each pass, before it runs.
const VALIDATION_DEADLINE_FACTOR = 3;

/**
 * A small pool of threads for expensive checks. Threads start on demand; one that exceeds its deadline is terminated and
 * replaced. Users take turns, and one thread is always free for another user.
 */
export class SchemaWorkers {
  readonly #deadlineMs: number;
  readonly #queue: FairQueue<PendingRequest>;
  readonly #threads: { worker: Worker | undefined; isBusy: boolean }[];
  #isClosed = false;

  constructor({ size, deadlineMs }: { size: number; deadlineMs: number }) {
    this.#deadlineMs = deadlineMs;
    this.#queue = new FairQueue({ ...QUEUE_LIMITS, running: Math.max(1, size - 1) });
    this.#threads = Array.from({ length: size }, () => ({ worker: undefined, isBusy: false }));
  }

  /**
   * Runs a user's request in a thread. Returns an error if it exceeds the deadline or the memory limit. Rejects with a
   * `Problem` if too many requests are waiting.
   */
  run(request: SchemaRequest, owner: string): Promise<SchemaError[]> {
    if (this.#isClosed) return Promise.reject(new Error("schema workers are closed"));
    return new Promise((resolve, reject) => {
      const drop = () => reject(createBusyProblem());
      if (this.#queue.add({ owner, item: { request, resolve, reject }, drop })) this.#runNext();
      else drop();
    });
  }

  /** Terminates the threads and rejects all waiting requests. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { item } of this.#queue.clear()) item.reject(new Error("schema workers are closed"));
    await Promise.all(this.#threads.map((thread) => thread.worker?.terminate()));
  }

  #runNext(): void {
    // Prefer threads that already run. Start another one only if all are busy.
    const free = this.#threads.filter((thread) => !thread.isBusy);
    const thread = free.find(({ worker }) => worker !== undefined) ?? free[0];
    const entry = thread && this.#queue.dequeue();
    if (thread === undefined || entry === undefined) return;
    thread.isBusy = true;
    this.#run(thread, entry.item.request)
      .then(entry.item.resolve, entry.item.reject)
      .finally(() => {
        thread.isBusy = false;
        this.#queue.finish(entry);
        this.#runNext();
      });
  }

  async #run(thread: { worker: Worker | undefined }, request: SchemaRequest): Promise<SchemaError[]> {
    const controller = new AbortController();
    try {
      thread.worker?.ref();
      thread.worker ??= await startWorker();
      if (this.#isClosed) throw new Error("schema workers are closed");
      const deadlineMs = this.#deadlineMs * (request.kind === "check" ? 1 : VALIDATION_DEADLINE_FACTOR);
      const errors = await waitForErrors(thread.worker, request, deadlineMs, controller);
      if (errors === undefined) return await this.#replace(thread, [createTimeoutError(request)]);
      thread.worker.unref();
      return errors;
    } catch (error) {
      if (!isOutOfMemory(error)) {
        await this.#replace(thread, []);
        throw error;
      }
      return await this.#replace(thread, [
        {
          pointer: "",
          detail: "takes too much memory to check; simplify the schema or send a smaller value",
        },
      ]);
    } finally {
      controller.abort();
    }
  }

  async #replace(thread: { worker: Worker | undefined }, errors: SchemaError[]): Promise<SchemaError[]> {
    const { worker } = thread;
    thread.worker = undefined;
    await worker?.terminate();
    return errors;
  }
}

async function startWorker(): Promise<Worker> {
  const file = import.meta.url.endsWith(".ts") ? "./schema-worker.ts" : "./schema-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), {
    // The thread needs neither the host's environment, which contains secrets, nor the loaders of its command line.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 256, stackSizeMb: 16 },
  });
  // An unhandled "error" event would terminate the host. `once` below handles the errors that matter.
  worker.on("error", () => {});
  await once(worker, "message", { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  return worker;
}

/** Returns the thread's response; undefined after the deadline. */
async function waitForErrors(
  worker: Worker,
  request: SchemaRequest,
  deadlineMs: number,
  controller: AbortController,
): Promise<SchemaError[] | undefined> {
  const response = once(worker, "message", { signal: controller.signal });
  const exit = once(worker, "exit", { signal: controller.signal }).then(() => {
    throw new Error("the schema worker thread exited unexpectedly");
  });
  const timeout = new Promise<undefined>((resolve) => {
    const timer = setTimeout(resolve, deadlineMs, undefined);
    controller.signal.addEventListener("abort", () => clearTimeout(timer));
  });
  // After the race, the caller aborts the promise that lost; its rejection is ignored.
  for (const promise of [response, exit]) promise.catch(() => {});
  worker.postMessage(request);
  const first = await Promise.race([response, exit, timeout]);
  const errors: unknown = first?.[0];
  return isErrorList(errors) ? errors : undefined;
}

function isErrorList(value: unknown): value is SchemaError[] {
  return Array.isArray(value);
}

function createBusyProblem(): Problem {
  const detail = "Too many of your schemas and payloads are waiting for validation. Retry in a few seconds.";
  return new Problem("service-unavailable", detail, { retryAfter: 2 });
}

function createTimeoutError({ kind }: SchemaRequest): SchemaError {
  const detail = kind === "check" ? "takes too long to compile; simplify the schema" : TAKES_TOO_LONG;
  return { pointer: "", detail };
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}
