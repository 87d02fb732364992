import * as z from "zod";
import { Job } from "../../protocol/jobs.ts";
import { diffSchemas } from "../../protocol/schema/compare-schemas.ts";
import type { LogLevel } from "../../protocol/tasks/log.ts";
import { type Progress, Task } from "../../protocol/tasks/task.ts";
import { formatDuration } from "../../protocol/time.ts";
import { runLocally } from "../../sdk/worker/run-locally.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { CliError, UsageError } from "../io/errors.ts";
import type { Io } from "../io/output.ts";
import { readObject } from "../parameters/payload.ts";
import type { LocalContext } from "../tools.ts";
import { formatDiff } from "../views/diff-view.ts";
import { LOG_STYLES } from "../views/log-view.ts";
import { OutputPrinter } from "../views/output-printer.ts";
import { formatProgress, formatResult } from "../views/task-view.ts";
import {
  findUserFrame,
  type LoadedExtensions,
  loadExtensions,
  type RunnableClass,
  summarizeError,
} from "../worker/load-extensions.ts";
import { breakBeforeRun, openInspector } from "./debugger.ts";
import type { RunFileOptions } from "./run-options.ts";

/** A task and the schemas of its job. This is sufficient to run the task on another machine. */
export const ExportedTask = z.object({
  joblib: z.literal("task"),
  version: z.literal(1),
  task: Task,
  job: Job.pick({ full_name: true, schema: true, result_schema: true, description: true })
    .nullable()
    .describe("null if the job no longer exists"),
});
export type ExportedTask = z.infer<typeof ExportedTask>;

/**
 * A task that can be run locally: an exported task, or a task that `tasks status --json` has
 * printed.
 */
export const RunnableTask = z.union([
  ExportedTask,
  Task.transform((task): ExportedTask => ({ joblib: "task", version: 1, task, job: null })),
]);

/**
 * Runs an exported task in this process, without a server. Prints progress and log to stderr, and
 * output and result to stdout.
 */
export async function runFile(context: LocalContext, options: RunFileOptions): Promise<ExitCode> {
  const { io, args } = context;
  using interrupts = context.interrupts();
  const { job: target, task: file, inspect, inspectBrk } = options;
  if (file === undefined) {
    throw new UsageError("missing option --task. Pass a task from `joblib tasks export <id>`.");
  }
  if (args.length > 0)
    throw new UsageError(`unexpected argument ${args[0]}: the payload comes from the exported task`);
  const exported = await readTask(context, file);
  // The inspector is opened before the file is loaded, so that breakpoints in the file work.
  const address = inspectBrk ?? inspect;
  if (address !== undefined) openInspector(address, inspectBrk !== undefined);
  const loaded = await loadExtensions(target);
  const Class = findClass(loaded, exported, target);
  printSchemaChanges(io, Class, exported);
  if (inspectBrk !== undefined) breakBeforeRun(Class);
  const uncaught = new AbortController();
  using _watch = context.watchUncaughtErrors((error) => {
    const reason = `uncaught error: ${summarizeError(error)}`;
    uncaught.abort(new CliError(reason, EXIT.taskFailed, findUserFrame(error, loaded.files)));
  });

  const startedAt = performance.now();
  const printer = new OutputPrinter(io, "events");
  const outcome = await runLocally(Class, exported.task, {
    context: loaded.context,
    signal: AbortSignal.any([interrupts.first, uncaught.signal]),
    onProgress: (progress) => printProgress(io, progress),
    onLog: (line, level) => printLogLine(io, line, level),
    onOutput: ({ number, parts }) => {
      for (const [index, value] of parts.entries())
        printer.print({ attempt: exported.task.attempt, number: number + index, value });
    },
  });
  printer.closeLine();
  const took = formatDuration(performance.now() - startedAt);
  uncaught.signal.throwIfAborted();
  if (interrupts.first.aborted) return EXIT.interrupted;
  if (outcome.status === "completed") {
    io.printEvent({ event: "completed" }, `completed after ${took}`, "success");
    const { result } = outcome.task;
    if (result !== null || !printer.hasPrinted) io.printResult(result, formatResult);
    return EXIT.ok;
  }
  const reason = outcome.status === "failed" ? outcome.error : outcome.status;
  io.printEvent({ event: "failed", error: reason }, `failed after ${took}: ${reason}`, "error");
  return EXIT.taskFailed;
}

async function readTask({ readBytes }: LocalContext, file: string): Promise<ExportedTask> {
  const parsed = RunnableTask.safeParse(await readObject(file, readBytes));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} does not contain a task. Create one with \`joblib tasks export <id>\`.`);
}

function findClass({ classes }: LoadedExtensions, { task }: ExportedTask, file: string): RunnableClass {
  const [, category, name] = task.job_name.split(":");
  const found = classes.find((Class) => Class.category === category && Class.name === name);
  if (found !== undefined) return found;
  const available = classes.map((Class) => `${Class.category}:${Class.name}`).join(", ");
  throw new UsageError(`${file} does not export ${category}:${name}, only ${available}`);
}

/** Prints the differences between the schema of the class and that of the exported job. */
function printSchemaChanges(io: Io, Class: RunnableClass, { job }: ExportedTask): void {
  if (job === null) return;
  const pair = (schema: RunnableClass["schema"]) => ({ schema, resultSchema: null });
  const lines = formatDiff(diffSchemas(pair(job.schema), pair(Class.schema)));
  if (lines.length === 0) return;
  io.printNote(`the schema of ${Class.name} differs from the job of the task:`, "dim");
  for (const line of lines) io.printNote(line, "dim");
}

function printProgress(io: Io, progress: Progress): void {
  io.printEvent({ event: "progress", ...progress }, `progress ${formatProgress(progress)}`, "dim");
}

function printLogLine(io: Io, line: string, level: LogLevel): void {
  io.printEvent({ event: "log", level, text: line }, `${level.padEnd(5)} ${line}`, LOG_STYLES[level]);
}
