import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Problem } from "../../protocol/index.ts";
import { FairQueue } from "./fair-queue.ts";
import { type SchemaError, TAKES_TOO_LONG } from "./schema-error.ts";
import type { SchemaUse } from "./schema-limits.ts";

/**
 * A request to a thread that checks schemas and validates values. `schema` and `value` are JSON
 * texts.
 */
export type SchemaRequest =
  | { kind: "check"; schema: string; use: SchemaUse }
  | { kind: "validate"; hash: string; schema: string; value: string };

interface PendingRequest {
  request: SchemaRequest;
  resolve: (errors: SchemaError[]) => void;
  reject: (error: unknown) => void;
}

const QUEUE_LIMITS = { perOwner: 100, total: 400 } as const;

const START_TIMEOUT_MS = 30_000;

// Validations have three times the deadline of checks: a validation may compile the schema twice,
// once to find the first error and once to find all errors.
const VALIDATION_DEADLINE_FACTOR = 3;

/**
 * A small pool of threads for expensive checks. Threads start on demand; a thread that exceeds its
 * deadline is terminated and replaced. The requests of different users alternate. If there are
 * several threads, the requests of one user never occupy all of them.
 */
export class SchemaWorkers {
  readonly #size: number;
  readonly #deadlineMs: number;
  readonly #queue: FairQueue<PendingRequest>;
  readonly #threads = new Set<Worker>();
  readonly #idle: Worker[] = [];
  #running = 0;
  #isClosed = false;

  constructor({ size, deadlineMs }: { size: number; deadlineMs: number }) {
    this.#size = size;
    this.#deadlineMs = deadlineMs;
    this.#queue = new FairQueue({ ...QUEUE_LIMITS, running: Math.max(1, size - 1) });
  }

  /**
   * Runs a request in a thread. Returns the errors that were found, or a single error if the thread
   * has exceeded a limit. Rejects with a `Problem` if the queue is full.
   */
  run(request: SchemaRequest, owner: string): Promise<SchemaError[]> {
    if (this.#isClosed) return Promise.reject(createClosedError());
    return new Promise((resolve, reject) => {
      const drop = () => reject(createBusyProblem());
      if (this.#queue.add({ owner, item: { request, resolve, reject }, drop })) this.#runNext();
      else drop();
    });
  }

  /** Terminates the threads and rejects all waiting requests. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { item } of this.#queue.clear()) item.reject(createClosedError());
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  #runNext(): void {
    const entry = this.#running < this.#size ? this.#queue.dequeue() : undefined;
    if (entry === undefined) return;
    this.#running += 1;
    this.#run(entry.item.request)
      .then(entry.item.resolve, entry.item.reject)
      .finally(() => {
        this.#running -= 1;
        this.#queue.finish(entry);
        this.#runNext();
      });
  }

  async #run(request: SchemaRequest): Promise<SchemaError[]> {
    const thread = this.#idle.pop() ?? (await startThread());
    this.#threads.add(thread);
    try {
      if (this.#isClosed) throw createClosedError();
      thread.ref();
      const deadlineMs = this.#deadlineMs * (request.kind === "check" ? 1 : VALIDATION_DEADLINE_FACTOR);
      const response = once(thread, "message", { signal: AbortSignal.timeout(deadlineMs) });
      thread.postMessage(request);
      const [errors] = await response;
      thread.unref();
      this.#idle.push(thread);
      return errors;
    } catch (error) {
      this.#threads.delete(thread);
      await thread.terminate();
      return [{ pointer: "", detail: describeFailure(error, request) }];
    }
  }
}

async function startThread(): Promise<Worker> {
  const file = import.meta.url.endsWith(".ts") ? "./schema-worker.ts" : "./schema-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), {
    // The thread does not get the environment variables of the process, because they contain
    // secrets, nor the module loaders from its command line. It needs neither of them.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 256, stackSizeMb: 16 },
  });
  // Without a listener, an "error" event would terminate the process. The errors are handled where
  // `once` waits for an event.
  worker.on("error", () => {});
  worker.on("exit", () => worker.emit("error", new Error("the schema worker thread exited unexpectedly")));
  await once(worker, "message", { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  return worker;
}

function createClosedError(): Error {
  return new Error("schema workers are closed");
}

function createBusyProblem(): Problem {
  const detail = "Too many of your schemas and payloads are waiting for validation. Retry in a few seconds.";
  return new Problem("service-unavailable", detail, { retryAfter: 2 });
}

/**
 * Returns the error message for a request whose thread has reached a limit. Rethrows all other
 * errors.
 */
function describeFailure(error: unknown, { kind }: SchemaRequest): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ABORT_ERR") {
    return kind === "check" ? "takes too long to compile; simplify the schema" : TAKES_TOO_LONG;
  }
  if (code === "ERR_WORKER_OUT_OF_MEMORY") {
    return "takes too much memory to check; simplify the schema or send a smaller value";
  }
  throw error;
}
