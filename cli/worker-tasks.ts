import { GLOBAL_ROOM } from "../protocol/room.ts";
import type { ClaimedTask } from "../sdk/claimed-task.ts";
import type { ExtensionOptions } from "../sdk/extension.ts";
import { JobManager } from "../sdk/job-manager.ts";
import type { Logger } from "../sdk/logger.ts";
import type { TaskOutcome } from "../sdk/task-outcome.ts";
import { CliError, UsageError } from "./errors.ts";
import { EXIT } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import {
  findUserFrame,
  type LoadedExtensions,
  type RunnableClass,
  summarizeError,
} from "./load-extensions.ts";
import type { LocalContext } from "./tools.ts";
import { formatDuration } from "./views/duration.ts";

/** Where a worker connects, and where its classes are registered that do not say so themselves. */
export interface WorkerConfig {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly name?: string | undefined;
  readonly rooms: readonly string[];
  readonly public: boolean;
  /** What tasks print is kept with them. */
  readonly keepConsole?: boolean | undefined;
}

/** How a worker runs, and the two ways to end it. */
export interface RunTasksOptions {
  readonly concurrency: number;
  readonly pollInterval?: number | undefined;
  /** No new tasks; those in hand are finished. */
  readonly drain: AbortSignal;
  /** Those in hand fail as interrupted, or are given back. */
  readonly interrupt: AbortSignal;
}

/** What a class may say of where it is registered. */
export interface RoomDeclaration extends Pick<ExtensionOptions, "room" | "public"> {
  readonly name: string;
}

/** The rooms of one class: its own word, or else the command line's. */
export const getRooms = (Class: RoomDeclaration, place: Pick<WorkerConfig, "rooms" | "public">): string[] => {
  const own = typeof Class.room === "string" ? [Class.room] : [...(Class.room ?? [])];
  const said =
    own.length > 0 || Class.public === true ? { rooms: own, public: Class.public === true } : place;
  const rooms = [...new Set(said.public ? [GLOBAL_ROOM, ...said.rooms] : said.rooms)];
  if (rooms.length > 0) return rooms;
  throw new UsageError(
    `${Class.name} has no room: give --room (or JOBLIB_ROOM) or --public, or write \`static room\` or \`static public\` in the class`,
  );
};

/** A manager with every class registered; nothing was announced yet. */
export const createManager = (
  io: Io,
  { classes, context }: LoadedExtensions,
  place: WorkerConfig,
): JobManager => {
  const { url, token, name, keepConsole } = place;
  const options = { url, token, name, logger: loggerOf(io), captureConsole: keepConsole === true };
  const jobs = new JobManager<unknown>(options, context);
  for (const Class of classes) {
    for (const room of getRooms(Class, place)) jobs.register(Class, { room });
  }
  return jobs;
};

/** Announces the worker and says what it serves. */
export const registerJobs = async (
  io: Io,
  jobs: JobManager,
  { classes, place }: { classes: readonly RunnableClass[]; place: WorkerConfig },
): Promise<void> => {
  await jobs.ready();
  for (const Class of classes) {
    for (const room of getRooms(Class, place)) {
      const prefix = room === GLOBAL_ROOM ? "public" : room;
      const job = `${prefix}:${Class.category}:${Class.name}`;
      io.event({ event: "registered", job, room, worker: jobs.workerId }, `registered ${job}`);
    }
  }
  io.event(
    { event: "listening", worker: jobs.workerId, url: jobs.client.url },
    `worker ${jobs.workerId} listens at ${jobs.client.url}`,
  );
};

/**
 * Lets go of everything at the first error that nobody caught, for nobody knows what it left half done: the tasks in
 * hand fail with it at once, rather than when the server misses the worker. The signal's reason is what to tell.
 */
export const stopOnUncaughtError = (
  { strays }: Pick<LocalContext, "strays">,
  jobs: JobManager,
  { files }: LoadedExtensions,
): Disposable & { readonly signal: AbortSignal } => {
  const stopped = new AbortController();
  const watch = strays((error) => {
    if (stopped.signal.aborted) return;
    const why = `an error that nobody caught stopped the worker: ${summarizeError(error)}`;
    // First, so that the tasks in hand fail with this reason, and not with that of an interrupt.
    void jobs.interrupt(why);
    stopped.abort(new CliError(why, EXIT.usage, findUserFrame(error, files)));
  });
  return { signal: stopped.signal, [Symbol.dispose]: () => watch[Symbol.dispose]() };
};

/** Runs tasks, a line for each that begins and ends, until it is told to stop; then the worker leaves. */
export const runTasks = async (io: Io, jobs: JobManager, options: RunTasksOptions): Promise<void> => {
  const { concurrency, pollInterval, drain, interrupt } = options;
  const began = new Map<string, number>();
  await jobs.run({
    concurrency,
    pollInterval,
    signal: drain,
    interrupt,
    onTask: ({ id, jobName, attempt }) => {
      began.set(id, performance.now());
      io.event({ event: "begun", task: id, job: jobName, attempt }, `${id} ${jobName} begun`, "dim");
    },
    onOutcome: (task, outcome) => {
      const milliseconds = performance.now() - (began.get(task.id) ?? performance.now());
      began.delete(task.id);
      tellOutcome(io, { task, outcome, milliseconds });
    },
  });
  await jobs.dispose();
};

const tellOutcome = (
  io: Io,
  { task, outcome, milliseconds }: { task: ClaimedTask; outcome: TaskOutcome; milliseconds: number },
): void => {
  const { status } = outcome;
  const why =
    outcome.status === "failed"
      ? `: ${outcome.error}`
      : outcome.status === "lost"
        ? `: ${outcome.reason}`
        : "";
  const again =
    outcome.status === "failed" && outcome.task.status === "pending" ? " (will be tried again)" : "";
  io.event(
    {
      event: status,
      task: task.id,
      job: task.jobName,
      duration_ms: Math.round(milliseconds),
      ...(outcome.status === "failed" ? { error: outcome.error } : {}),
      ...(outcome.status === "lost" ? { reason: outcome.reason } : {}),
    },
    `${task.id} ${task.jobName} ${status} after ${formatDuration(milliseconds)}${again}${why}`,
    status === "completed" ? "good" : "bad",
  );
};

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** What the SDK warns of; what is about one task has its own line already. */
const loggerOf = (io: Io): Logger => {
  const tell = (level: string) => (fields: object, message: string) => {
    if ("task" in fields) return;
    const why = "err" in fields ? `: ${messageOf(fields.err)}` : "";
    io.event(
      { event: "log", level, message, ...("err" in fields ? { error: messageOf(fields.err) } : {}) },
      message + why,
      "dim",
    );
  };
  return { debug: () => {}, info: () => {}, warn: tell("warn"), error: tell("error") };
};
