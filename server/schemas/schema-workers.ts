import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Problem } from "../../protocol/index.ts";
import { FairQueue } from "./fair-queue.ts";
import type { SchemaError } from "./schema-error.ts";
import type { SchemaUse } from "./schema-limits.ts";

/** What a worker thread is asked; schema and value go as JSON text. */
export type SchemaJob =
  | { kind: "check"; schema: string; use: SchemaUse }
  | { kind: "validate"; hash: string; schema: string; value: string };

interface Waiting {
  job: SchemaJob;
  resolve: (faults: SchemaError[]) => void;
  reject: (error: unknown) => void;
}

/** How many checks of one user, and of all, may wait for a thread. */
const QUEUE_LIMITS = { perOwner: 100, total: 400 } as const;

const startDeadlineMs = 30_000;

// What took almost the whole deadline to compile when it was checked must still be compiled, for both passes, and run.
const validationFactor = 3;

/**
 * A few threads, started when first needed, for checks that may take long; one that overruns is ended and replaced. Users
 * take turns, and one thread is always left for another user.
 */
export class SchemaWorkers {
  readonly #deadlineMs: number;
  readonly #queue: FairQueue<Waiting>;
  readonly #threads: { worker: Worker | undefined; isBusy: boolean }[];
  #isClosed = false;

  constructor({ size, deadlineMs }: { size: number; deadlineMs: number }) {
    this.#deadlineMs = deadlineMs;
    this.#queue = new FairQueue({ ...QUEUE_LIMITS, running: Math.max(1, size - 1) });
    this.#threads = Array.from({ length: size }, () => ({ worker: undefined, isBusy: false }));
  }

  /**
   * Runs a user's job in a thread. A job over the deadline or the memory is answered with a fault; if too many wait, the
   * promise is rejected with a `Problem`.
   */
  run(job: SchemaJob, owner: string): Promise<SchemaError[]> {
    if (this.#isClosed) return Promise.reject(new Error("schema workers are closed"));
    return new Promise((resolve, reject) => {
      const drop = () => reject(makeBusyProblem());
      if (this.#queue.add({ owner, job: { job, resolve, reject }, drop })) this.#next();
      else drop();
    });
  }

  /** Ends the threads, and rejects everything that waits for them. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { job } of this.#queue.clear()) job.reject(new Error("schema workers are closed"));
    await Promise.all(this.#threads.map((thread) => thread.worker?.terminate()));
  }

  #next(): void {
    // A thread that has started comes first: a second one is started only when the first is busy.
    const free = this.#threads.filter((thread) => !thread.isBusy);
    const thread = free.find(({ worker }) => worker !== undefined) ?? free[0];
    const entry = thread && this.#queue.take();
    if (thread === undefined || entry === undefined) return;
    thread.isBusy = true;
    this.#run(thread, entry.job.job)
      .then(entry.job.resolve, entry.job.reject)
      .finally(() => {
        thread.isBusy = false;
        this.#queue.finish(entry);
        this.#next();
      });
  }

  async #run(thread: { worker: Worker | undefined }, job: SchemaJob): Promise<SchemaError[]> {
    const controller = new AbortController();
    try {
      thread.worker?.ref();
      thread.worker ??= await startWorker();
      if (this.#isClosed) throw new Error("schema workers are closed");
      const deadlineMs = this.#deadlineMs * (job.kind === "check" ? 1 : validationFactor);
      const answer = await waitForAnswer(thread.worker, job, deadlineMs, controller);
      if (answer === undefined) return await this.#replace(thread, tooLong(job));
      thread.worker.unref();
      return answer;
    } catch (error) {
      if (!isOutOfMemory(error)) {
        await this.#replace(thread, []);
        throw error;
      }
      return await this.#replace(thread, [{ pointer: "", detail: "takes too much memory to check" }]);
    } finally {
      controller.abort();
    }
  }

  async #replace(thread: { worker: Worker | undefined }, faults: SchemaError[]): Promise<SchemaError[]> {
    const { worker } = thread;
    thread.worker = undefined;
    await worker?.terminate();
    return faults;
  }
}

async function startWorker(): Promise<Worker> {
  const file = import.meta.url.endsWith(".ts") ? "./schema-worker.ts" : "./schema-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), {
    // It needs nothing of the host's: no secrets in its environment, no loaders of its command line.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 256, stackSizeMb: 16 },
  });
  // An unhandled "error" event would end the host; `once` below sees those that matter.
  worker.on("error", () => {});
  await once(worker, "message", { signal: AbortSignal.timeout(startDeadlineMs) });
  return worker;
}

/** The thread's answer, or undefined when the deadline comes first. */
async function waitForAnswer(
  worker: Worker,
  job: SchemaJob,
  deadlineMs: number,
  controller: AbortController,
): Promise<SchemaError[] | undefined> {
  const answered = once(worker, "message", { signal: controller.signal });
  const ended = once(worker, "exit", { signal: controller.signal }).then(() => {
    throw new Error("the schema worker ended");
  });
  const late = new Promise<undefined>((resolve) => {
    const timer = setTimeout(resolve, deadlineMs, undefined);
    controller.signal.addEventListener("abort", () => clearTimeout(timer));
  });
  // Whichever of them loses is aborted by the caller, and its rejection is of no interest.
  for (const losing of [answered, ended]) losing.catch(() => {});
  worker.postMessage(job);
  const first = await Promise.race([answered, ended, late]);
  const answer: unknown = first?.[0];
  return isAnswer(answer) ? answer : undefined;
}

function isAnswer(answer: unknown): answer is SchemaError[] {
  return Array.isArray(answer);
}

function makeBusyProblem(): Problem {
  const detail =
    "Too many of your schemas and payloads are waiting to be checked; try again in a few seconds.";
  return new Problem("service-unavailable", detail, { retryAfter: 2 });
}

function tooLong(job: SchemaJob): SchemaError[] {
  const detail =
    job.kind === "check" ? "takes too long to compile" : "takes too long to check against the schema";
  return [{ pointer: "", detail }];
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}
