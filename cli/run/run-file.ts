import { diffSchemas } from "../../protocol/json-schema.ts";
import type { LogLevel } from "../../protocol/log.ts";
import type { Progress } from "../../protocol/task.ts";
import { runLocally } from "../../sdk/run-locally.ts";
import { CliError, UsageError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { type ExportedTask, RunnableTask } from "../exported-task.ts";
import type { Io } from "../io.ts";
import {
  findUserFrame,
  type LoadedExtensions,
  loadExtensions,
  type RunnableClass,
  summarizeError,
} from "../load-extensions.ts";
import { readObject } from "../payload.ts";
import type { CommandHandler, LocalContext } from "../tools.ts";
import { formatDiff } from "../views/diff-view.ts";
import { formatDuration } from "../views/duration.ts";
import { LOG_STYLES } from "../views/log-view.ts";
import { formatProgress, formatResult } from "../views/task-view.ts";
import { breakBeforeRun, openInspector } from "./debugger.ts";
import type { RunFileOptions } from "./run-file-options.ts";

/** Runs an exported task in this process: progress and log on stderr, its result on stdout, nothing to any server. */
export const runFile: CommandHandler<LocalContext, RunFileOptions> = async (context, options) => {
  const { io, args } = context;
  using interrupts = context.interrupts();
  const { job: target, task: file, inspect, inspectBrk } = options;
  if (file === undefined) {
    throw new UsageError(`say what to run: --task task.json, as \`joblib tasks export <id>\` writes it`);
  }
  if (args.length > 0) throw new UsageError(`${args[0]} is of no use here: the payload is the task's own`);
  const exported = await readTask(context, file);
  // Attached before the file is loaded, so that breakpoints in it are found.
  const at = inspectBrk ?? inspect;
  if (at !== undefined) openInspector(at, inspectBrk !== undefined);
  const loaded = await loadExtensions(target);
  const Class = classOf(loaded, exported, target);
  tellDrift(io, Class, exported);
  if (inspectBrk !== undefined) breakBeforeRun(Class);
  const stray = new AbortController();
  using _watch = context.strays((error) => {
    const why = `an error that nobody caught: ${summarizeError(error)}`;
    stray.abort(new CliError(why, EXIT.taskFailed, findUserFrame(error, loaded.files)));
  });

  const began = performance.now();
  const outcome = await runLocally(Class, exported.task, {
    context: loaded.context,
    signal: AbortSignal.any([interrupts.first, stray.signal]),
    onProgress: (progress) => tellProgress(io, progress),
    onLog: (line, level) => tellLine(io, line, level),
  });
  const took = formatDuration(performance.now() - began);
  stray.signal.throwIfAborted();
  if (interrupts.first.aborted) return EXIT.interrupted;
  if (outcome.status === "completed") {
    io.event({ event: "completed" }, `completed after ${took}`, "good");
    io.result(outcome.task.result, formatResult);
    return EXIT.fine;
  }
  const why = outcome.status === "failed" ? outcome.error : outcome.status;
  io.event({ event: "failed", error: why }, `failed after ${took}: ${why}`, "bad");
  return EXIT.taskFailed;
};

const readTask = async ({ readBytes }: LocalContext, file: string): Promise<ExportedTask> => {
  const parsed = RunnableTask.safeParse(await readObject(file, readBytes));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} holds no task: \`joblib tasks export <id>\` writes one`);
};

const classOf = ({ classes }: LoadedExtensions, { task }: ExportedTask, file: string): RunnableClass => {
  const [, category, name] = task.job_name.split(":");
  const found = classes.find((one) => one.category === category && one.name === name);
  if (found !== undefined) return found;
  const there = classes.map((one) => `${one.category}:${one.name}`).join(", ");
  throw new UsageError(`${file} exports no ${category}:${name}, only ${there}`);
};

/** The class may have gone on since the task was made. */
const tellDrift = (io: Io, Class: RunnableClass, { job }: ExportedTask): void => {
  if (job === null) return;
  const pair = (schema: RunnableClass["schema"]) => ({ schema, resultSchema: null });
  const lines = formatDiff(diffSchemas(pair(job.schema), pair(Class.schema)));
  if (lines.length === 0) return;
  io.note(`the parameters of ${Class.name} are not those that the task's job has:`, "dim");
  for (const line of lines) io.note(line, "dim");
};

const tellProgress = (io: Io, progress: Progress): void =>
  io.event({ event: "progress", ...progress }, `progress ${formatProgress(progress)}`, "dim");

const tellLine = (io: Io, line: string, level: LogLevel): void =>
  io.event({ event: "log", level, text: line }, `${level.padEnd(5)} ${line}`, LOG_STYLES[level]);
