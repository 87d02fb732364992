import { CliError } from "./errors.ts";
import { EXIT } from "./exit-codes.ts";
import { toFailure } from "./failure.ts";
import type { Interrupts } from "./interrupts.ts";
import type { Io } from "./io.ts";
import {
  findUserFrame,
  LoadError,
  type LoadedExtensions,
  loadExtensions,
  summarizeError,
} from "./load-extensions.ts";
import type { Tools } from "./tools.ts";
import { type FileWatcher, watchFiles } from "./watch-files.ts";
import { createManager, registerJobs, runTasks, type WorkerConfig } from "./worker-tasks.ts";

/** What a worker is made of that follows its file. */
export interface ReloadOptions {
  readonly io: Io;
  readonly file: string;
  readonly place: WorkerConfig;
  readonly concurrency: number;
  readonly interrupts: Interrupts;
  readonly strays: Tools["strays"];
  /** The file as it was loaded first. */
  readonly loaded: LoadedExtensions;
}

const NO_WORKER = "no worker runs until the next change";

/** Works until it is asked to stop; every change that can be loaded puts a new worker in the old one's place. */
export const runWithReload = async (development: ReloadOptions): Promise<void> => {
  const { io, file, interrupts } = development;
  using watch = watchFiles();
  let { loaded } = development;
  using _strays = development.strays((error) => tellStray(io, error, loaded));
  while (!interrupts.first.aborted) {
    watch.follow(loaded.files);
    const worker = startWorker(development, loaded);
    const next = await nextLoaded(development, watch, loaded);
    if (next !== undefined) {
      io.event({ event: "reloading", file }, `${file} changed: the worker starts anew`);
      worker.replace();
      loaded = next;
    }
    await worker.over;
  }
};

/** One generation of the worker: it ends with the process's interrupts, or at once when it is replaced. */
const startWorker = ({ io, place, concurrency, interrupts }: ReloadOptions, loaded: LoadedExtensions) => {
  const replaced = new AbortController();
  const run = async () => {
    const jobs = createManager(io, loaded, place);
    try {
      await registerJobs(io, jobs, { classes: loaded.classes, place });
      await runTasks(io, jobs, {
        concurrency,
        drain: AbortSignal.any([interrupts.first, replaced.signal]),
        interrupt: AbortSignal.any([interrupts.second, replaced.signal]),
      });
      // Nobody here asked it to stop: it was drained.
      if (!interrupts.first.aborted && !replaced.signal.aborted) io.note(NO_WORKER, "dim");
    } catch (error) {
      tellFailure(io, error);
      io.note(NO_WORKER, "dim");
    } finally {
      await jobs.dispose();
    }
  };
  return { over: run(), replace: () => replaced.abort() };
};

/** Waits for a change that can be loaded; undefined where the person wants to stop. */
const nextLoaded = async (
  { io, file, interrupts }: ReloadOptions,
  watch: FileWatcher,
  { files }: LoadedExtensions,
): Promise<LoadedExtensions | undefined> => {
  while (await watch.next(interrupts.first)) {
    try {
      return await loadExtensions(file);
    } catch (error) {
      // What was imported before counts as well: a mistake may keep the rest from being reached.
      if (error instanceof LoadError) watch.follow([...new Set([...files, ...error.files])]);
      tellFailure(io, error);
      io.note("the worker stays as it was", "dim");
    }
  }
  return undefined;
};

/** The person is about to mend it: worker and server stay. */
const tellStray = (io: Io, error: unknown, { files }: LoadedExtensions): void =>
  tellFailure(
    io,
    new CliError(`nobody caught ${summarizeError(error)}`, EXIT.usage, findUserFrame(error, files)),
  );

const tellFailure = (io: Io, error: unknown): void => {
  const { line, details } = toFailure(error);
  io.event({ event: "error", message: line }, `joblib: ${line}`, "bad");
  for (const detail of details) io.note(detail);
};
