import { GLOBAL_ROOM } from "../../protocol/rooms.ts";
import { formatDuration } from "../../protocol/time.ts";
import type { ExtensionOptions } from "../../sdk/extension/extension.ts";
import { isTransient, type RetryPolicy, withRetry } from "../../sdk/http/retry.ts";
import { JobManager } from "../../sdk/job-manager.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { ClaimedTask } from "../../sdk/worker/claimed-task.ts";
import type { TaskOutcome } from "../../sdk/worker/task-outcome.ts";
import { EXIT } from "../exit-codes.ts";
import { CliError, getMessage, UsageError } from "../io/errors.ts";
import type { Io } from "../io/output.ts";
import type { LocalContext } from "../tools.ts";
import { findUserFrame, type LoadedExtensions, summarizeError } from "./load-extensions.ts";

/** The server of a worker, and the rooms for classes that declare no room. */
export interface WorkerConfig {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly name?: string | undefined;
  readonly rooms: readonly string[];
  readonly public: boolean;
  /** True to store the console output of tasks in their logs. */
  readonly keepConsole?: boolean | undefined;
}

/** The number of concurrent tasks of a worker, and the signals that stop it. */
export interface RunTasksOptions {
  readonly concurrency: number;
  readonly pollInterval?: number | undefined;
  /** Aborting this signal stops claiming. Running tasks are finished. */
  readonly drain: AbortSignal;
  /**
   * Aborting this signal interrupts the running tasks, which then fail, and requeues the claimed
   * tasks.
   */
  readonly interrupt: AbortSignal;
}

/** The rooms that a class declares. */
export interface RoomDeclaration extends Pick<ExtensionOptions, "room" | "public"> {
  readonly name: string;
}

/**
 * Returns the rooms that a class declares, or the rooms of the command line if the class declares
 * none.
 */
export function getRooms(Class: RoomDeclaration, config: Pick<WorkerConfig, "rooms" | "public">): string[] {
  const declared = typeof Class.room === "string" ? [Class.room] : [...(Class.room ?? [])];
  const source =
    declared.length > 0 || Class.public === true
      ? { rooms: declared, public: Class.public === true }
      : config;
  const rooms = [...new Set(source.public ? [GLOBAL_ROOM, ...source.rooms] : source.rooms)];
  if (rooms.length > 0) return rooms;
  throw new UsageError(
    `${Class.name} has no room. Pass --room or --public, set JOBLIB_ROOM, or declare \`static room\` or \`static public\` in the class.`,
  );
}

/** Creates a manager for the classes. Nothing is sent to the server yet. */
export function createManager(
  io: Io,
  { classes, providers, context }: LoadedExtensions,
  config: WorkerConfig,
): JobManager {
  const { url, token, name, keepConsole } = config;
  const options = { url, token, name, logger: createLogger(io), captureConsole: keepConsole === true };
  const jobs = new JobManager<unknown>(options, context);
  for (const Class of classes) {
    for (const room of getRooms(Class, config)) jobs.register(Class, { room });
  }
  for (const Class of providers) {
    for (const room of getRooms({ name: Class.name }, config)) jobs.provide(Class, context, { room });
  }
  return jobs;
}

/** The retries of the first connection. They end only when the server responds or the user stops. */
const CONNECT_RETRY: RetryPolicy = {
  ...{ attempts: Infinity, deadlineSeconds: Infinity },
  ...{ baseSeconds: 1, maxSeconds: 5 },
};

/**
 * Registers the worker and its jobs. Waits for a server that is not reachable yet, and prints this
 * once. Throws the reason of `signal` if it is aborted while waiting.
 */
async function connectWorker(io: Io, jobs: JobManager, signal: AbortSignal): Promise<void> {
  let isReported = false;
  const canRetry = (error: unknown) => {
    if (!isTransient(error)) return false;
    const { url } = jobs.client;
    if (!isReported) {
      const fields = { event: "waiting", url, error: getMessage(error) };
      io.printEvent(fields, `waiting for the server ${url}: ${getMessage(error)}`, "dim");
    }
    isReported = true;
    return true;
  };
  await withRetry(() => jobs.ready(), canRetry, { policy: CONNECT_RETRY, signal });
}

/** Registers the worker and its jobs with the server, and prints them. */
export async function registerJobs(
  io: Io,
  jobs: JobManager,
  {
    classes,
    providers,
    config,
    signal,
  }: Pick<LoadedExtensions, "classes" | "providers"> & { config: WorkerConfig; signal: AbortSignal },
): Promise<void> {
  await connectWorker(io, jobs, signal);
  for (const Class of classes) {
    for (const room of getRooms(Class, config)) {
      const prefix = room === GLOBAL_ROOM ? "public" : room;
      const job = `${prefix}:${Class.category}:${Class.name}`;
      io.printEvent({ event: "registered", job, room, worker: jobs.workerId }, `registered ${job}`);
    }
  }
  for (const { category, name } of providers) {
    for (const room of getRooms({ name }, config)) {
      const provider = `${room === GLOBAL_ROOM ? "public" : room}:${category}:${name}`;
      const fields = { event: "registered", provider, room, worker: jobs.workerId };
      io.printEvent(fields, `registered provider ${provider}`);
    }
  }
  io.printEvent(
    { event: "connected", worker: jobs.workerId, url: jobs.client.url },
    `worker ${jobs.workerId} is connected to ${jobs.client.url}`,
  );
}

/**
 * Stops the worker at the first uncaught error, because the state of the process is unknown
 * afterwards. The running tasks fail with this error immediately, instead of after the worker
 * timeout. The reason of the returned signal is the error to report.
 */
export function stopOnUncaughtError(
  { watchUncaughtErrors }: Pick<LocalContext, "watchUncaughtErrors">,
  jobs: JobManager,
  { files }: LoadedExtensions,
): Disposable & { readonly signal: AbortSignal } {
  const stopped = new AbortController();
  const watch = watchUncaughtErrors((error) => {
    if (stopped.signal.aborted) return;
    const reason = `the worker stopped because of an uncaught error: ${summarizeError(error)}`;
    // `interrupt` is called before the abort, because the abort interrupts the tasks too, but with
    // another reason.
    void jobs.interrupt(reason);
    stopped.abort(new CliError(reason, EXIT.usage, findUserFrame(error, files)));
  });
  return { signal: stopped.signal, [Symbol.dispose]: () => watch[Symbol.dispose]() };
}

/**
 * Runs tasks until a signal stops the worker. Prints the start and the end of each task, and
 * deregisters the worker.
 */
export async function runTasks(io: Io, jobs: JobManager, options: RunTasksOptions): Promise<void> {
  const { concurrency, pollInterval, drain, interrupt } = options;
  const startTimes = new Map<string, number>();
  await jobs.run({
    concurrency,
    pollInterval,
    signal: drain,
    interrupt,
    onTask: ({ id, jobName, attempt }) => {
      startTimes.set(id, performance.now());
      io.printEvent({ event: "started", task: id, job: jobName, attempt }, `${id} ${jobName} started`, "dim");
    },
    onOutcome: (task, outcome) => {
      const milliseconds = performance.now() - (startTimes.get(task.id) ?? performance.now());
      startTimes.delete(task.id);
      printOutcome(io, { task, outcome, milliseconds });
    },
  });
  await jobs.dispose();
}

function printOutcome(
  io: Io,
  { task, outcome, milliseconds }: { task: ClaimedTask; outcome: TaskOutcome; milliseconds: number },
): void {
  const { status } = outcome;
  const reason =
    outcome.status === "failed"
      ? `: ${outcome.error}`
      : outcome.status === "lost"
        ? `: ${outcome.reason}`
        : "";
  const retryNote =
    outcome.status === "failed" && outcome.task.status === "pending" ? " (will be retried)" : "";
  io.printEvent(
    {
      event: status,
      task: task.id,
      job: task.jobName,
      duration_ms: Math.round(milliseconds),
      ...(outcome.status === "failed" ? { error: outcome.error } : {}),
      ...(outcome.status === "lost" ? { reason: outcome.reason } : {}),
    },
    `${task.id} ${task.jobName} ${status} after ${formatDuration(milliseconds)}${retryNote}${reason}`,
    status === "completed" ? "success" : "error",
  );
}

/**
 * Creates a logger that prints the warnings and errors of the SDK. Omits those about a task,
 * because `printOutcome` prints a line for every task.
 */
function createLogger(io: Io): Logger {
  const print = (level: string) => (fields: object, message: string) => {
    if ("task" in fields) return;
    const reason = "err" in fields ? `: ${getMessage(fields.err)}` : "";
    io.printEvent(
      { event: "log", level, message, ...("err" in fields ? { error: getMessage(fields.err) } : {}) },
      message + reason,
      "dim",
    );
  };
  return { debug: () => {}, info: () => {}, warn: print("warn"), error: print("error") };
}
