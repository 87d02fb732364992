import { EXIT } from "../exit-codes.ts";
import { CliError } from "../io/errors.ts";
import { toFailure } from "../io/failure.ts";
import type { Io } from "../io/output.ts";
import type { Tools } from "../tools.ts";
import type { Interrupts } from "./interrupts.ts";
import {
  findUserFrame,
  LoadError,
  type LoadedExtensions,
  loadExtensions,
  summarizeError,
} from "./load-extensions.ts";
import { createManager, registerJobs, runTasks, type WorkerConfig } from "./run-tasks.ts";
import { type FileWatcher, watchFiles } from "./watch-files.ts";

/** The options of a worker that is restarted after changes of its file. */
export interface ReloadOptions {
  readonly io: Io;
  readonly file: string;
  readonly config: WorkerConfig;
  readonly concurrency: number;
  readonly interrupts: Interrupts;
  readonly watchUncaughtErrors: Tools["watchUncaughtErrors"];
  /** The extensions of the first version of the file. */
  readonly loaded: LoadedExtensions;
}

const NO_WORKER = "no worker is running; change the file to start one";

/**
 * Runs a worker until the user interrupts the command. Replaces the worker after each change of the
 * file, if the new version can be loaded.
 */
export async function runWithReload(options: ReloadOptions): Promise<void> {
  const { io, file, interrupts } = options;
  using watch = watchFiles();
  let { loaded } = options;
  using _watch = options.watchUncaughtErrors((error) => printUncaughtError(io, error, loaded));
  while (!interrupts.first.aborted) {
    watch.follow(loaded.files);
    const worker = startWorker(options, loaded);
    const next = await waitForReload(options, watch, loaded);
    if (next !== undefined) {
      io.printEvent({ event: "reloading", file }, `${file} changed; restarting the worker`);
      worker.replace();
      loaded = next;
    }
    await worker.ended;
  }
}

/**
 * Starts a worker. The worker drains when the user interrupts the command. When a new version
 * replaces the worker, its tasks are interrupted.
 */
function startWorker({ io, config, concurrency, interrupts }: ReloadOptions, loaded: LoadedExtensions) {
  const replaced = new AbortController();
  const run = async () => {
    const jobs = createManager(io, loaded, config);
    const drain = AbortSignal.any([interrupts.first, replaced.signal]);
    try {
      await registerJobs(io, jobs, { ...loaded, config, signal: drain });
      await runTasks(io, jobs, {
        concurrency,
        drain,
        interrupt: AbortSignal.any([interrupts.second, replaced.signal]),
      });
      // The worker ended without an interrupt or a reload, so a user has drained it.
      if (!interrupts.first.aborted && !replaced.signal.aborted) io.printNote(NO_WORKER, "dim");
    } catch (error) {
      // The worker was stopped while it waited for the server.
      if (drain.aborted) return;
      printFailure(io, error);
      io.printNote(NO_WORKER, "dim");
    } finally {
      await jobs.dispose();
    }
  };
  return { ended: run(), replace: () => replaced.abort() };
}

/**
 * Waits until the files change and the file can be loaded again. Returns undefined after an
 * interrupt.
 */
async function waitForReload(
  { io, file, interrupts }: ReloadOptions,
  watch: FileWatcher,
  { files }: LoadedExtensions,
): Promise<LoadedExtensions | undefined> {
  while (await watch.next(interrupts.first)) {
    try {
      return await loadExtensions(file);
    } catch (error) {
      // The error may have occurred before all imports were loaded, so the files of the previous
      // version are still watched.
      if (error instanceof LoadError) watch.follow([...new Set([...files, ...error.files])]);
      printFailure(io, error);
      io.printNote("the previous version of the worker keeps running", "dim");
    }
  }
  return undefined;
}

/**
 * Reports an uncaught error. The worker and the server continue to run, because the user will
 * probably correct the file.
 */
function printUncaughtError(io: Io, error: unknown, { files }: LoadedExtensions): void {
  printFailure(
    io,
    new CliError(`uncaught error: ${summarizeError(error)}`, EXIT.usage, findUserFrame(error, files)),
  );
}

function printFailure(io: Io, error: unknown): void {
  const { line, details } = toFailure(error);
  io.printEvent({ event: "error", message: line }, `joblib: ${line}`, "error");
  for (const detail of details) io.printNote(detail);
}
