import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { SchemaFault } from "./schema-fault.ts";
import type { SchemaUse } from "./schema-limits.ts";

/** What a worker thread is asked; schema and value go as JSON text. */
export type SchemaJob =
  | { kind: "check"; schema: string; use: SchemaUse }
  | { kind: "validate"; hash: string; schema: string; value: string };

/** Thrown when more checks wait for a thread than may: the server is full, and the caller should come back. */
export class SchemaWorkersBusyError extends Error {
  constructor() {
    super("too many schema checks are waiting");
    this.name = "SchemaWorkersBusyError";
  }
}

interface Waiting {
  job: SchemaJob;
  resolve: (faults: SchemaFault[]) => void;
  reject: (error: unknown) => void;
}

const startDeadlineMs = 30_000;

// What took almost the whole deadline to compile when it was checked must still be compiled, for both passes, and run.
const validationFactor = 3;

/** A few threads, started when first needed, for what might take long; one that overruns is ended and replaced. */
export class SchemaWorkers {
  readonly #deadlineMs: number;
  readonly #longestQueue: number;
  readonly #queue: Waiting[] = [];
  readonly #threads: { worker: Worker | undefined; isBusy: boolean }[];
  #isClosed = false;

  constructor({
    size,
    deadlineMs,
    longestQueue,
  }: { size: number; deadlineMs: number; longestQueue: number }) {
    this.#deadlineMs = deadlineMs;
    this.#longestQueue = longestQueue;
    this.#threads = Array.from({ length: size }, () => ({ worker: undefined, isBusy: false }));
  }

  /** Runs a job in a thread; a job over the deadline, or over the memory, is answered with a fault that says so. */
  run(job: SchemaJob): Promise<SchemaFault[]> {
    if (this.#isClosed) return Promise.reject(new Error("schema workers are closed"));
    if (this.#queue.length >= this.#longestQueue) return Promise.reject(new SchemaWorkersBusyError());
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#next();
    });
  }

  /** Ends the threads, and what waits for them. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new Error("schema workers are closed"));
    await Promise.all(this.#threads.map((thread) => thread.worker?.terminate()));
  }

  #next(): void {
    // A thread that has started comes first: a second one is started only when the first is busy.
    const free = this.#threads.filter((thread) => !thread.isBusy);
    const thread = free.find(({ worker }) => worker !== undefined) ?? free[0];
    const waiting = thread && this.#queue.shift();
    if (thread === undefined || waiting === undefined) return;
    thread.isBusy = true;
    this.#run(thread, waiting.job)
      .then(waiting.resolve, waiting.reject)
      .finally(() => {
        thread.isBusy = false;
        this.#next();
      });
  }

  async #run(thread: { worker: Worker | undefined }, job: SchemaJob): Promise<SchemaFault[]> {
    const controller = new AbortController();
    try {
      thread.worker?.ref();
      thread.worker ??= await startWorker();
      if (this.#isClosed) throw new Error("schema workers are closed");
      const deadlineMs = this.#deadlineMs * (job.kind === "check" ? 1 : validationFactor);
      const answer = await answerOf(thread.worker, job, deadlineMs, controller);
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

  async #replace(thread: { worker: Worker | undefined }, faults: SchemaFault[]): Promise<SchemaFault[]> {
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
async function answerOf(
  worker: Worker,
  job: SchemaJob,
  deadlineMs: number,
  controller: AbortController,
): Promise<SchemaFault[] | undefined> {
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

function isAnswer(answer: unknown): answer is SchemaFault[] {
  return Array.isArray(answer);
}

function tooLong(job: SchemaJob): SchemaFault[] {
  const detail =
    job.kind === "check" ? "takes too long to compile" : "takes too long to check against the schema";
  return [{ pointer: "", detail }];
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}
