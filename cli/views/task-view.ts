import type { JsonValue } from "../../protocol/json.ts";
import type { TaskStatus } from "../../protocol/tasks/status.ts";
import type { Progress, Task } from "../../protocol/tasks/task.ts";
import { formatDuration } from "../../protocol/time.ts";
import type { Io } from "../io/output.ts";
import { escapeLine } from "../io/sanitize.ts";
import { getTextWidth, wrap } from "../io/text-width.ts";
import { joinParts } from "./units.ts";

const BAR_WIDTH = 20;

/** Colors a status. */
export function paintStatus(paint: Io["paint"], status: TaskStatus, text: string = status): string {
  if (status === "completed") return paint.green(text);
  if (status === "failed") return paint.red(text);
  if (status === "cancelled") return paint.yellow(text);
  return status === "running" ? paint.cyan(text) : text;
}

/** Formats the reported progress, such as `42% reading molecules`. */
export function formatProgress(progress: Progress | null): string {
  const percentage = progress?.fraction === undefined ? "" : `${Math.floor(progress.fraction * 100)}%`;
  return joinParts([percentage, progress?.message ?? ""]);
}

/** Formats a progress bar, such as `████████░░░░░░░░░░░░`. */
export function formatProgressBar(fraction: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  return "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
}

/** Formats the status of a task in one line. */
export function formatTaskStatus({ status, progress, queue_position, job_name }: Task): string {
  const bar = progress?.fraction === undefined ? "" : formatProgressBar(progress.fraction);
  const position = queue_position === null ? "" : `(queue position ${queue_position})`;
  return joinParts([job_name, status, position, bar, formatProgress(progress)]);
}

/** Formats a result. A string is unchanged, anything else becomes JSON. */
export function formatResult(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

const LABEL_WIDTH = 16;
/** Width of the output if stdout is not a terminal. */
const DEFAULT_WIDTH = 92;

/**
 * Formats a value that follows a label: on the same line if the value fits, otherwise on the next
 * lines.
 */
function formatJson(value: JsonValue, width: number): string {
  if (typeof value === "string") return value.includes("\n") ? indent(value) : wrapHanging(value, width);
  const line = JSON.stringify(value);
  return getTextWidth(line) <= width - LABEL_WIDTH ? line : indent(JSON.stringify(value, null, 2));
}

/**
 * Wraps a long text that follows a label, and aligns its lines. Output to a pipe is not wrapped.
 */
function wrapHanging(text: string, width: number) {
  return width === DEFAULT_WIDTH
    ? text
    : wrap(text, width - LABEL_WIDTH).replaceAll("\n", `\n${" ".repeat(LABEL_WIDTH)}`);
}

const indent = (text: string) => `\n${text.replace(/^/gm, "    ")}`;

/** Formats the run time of a task; undefined if it has not started or not ended. */
export function formatRunTime({ started_at, completed_at }: Task): string | undefined {
  return started_at === null || completed_at === null
    ? undefined
    : formatDuration(Date.parse(completed_at) - Date.parse(started_at));
}

/**
 * Formats a task with one property per line. On a terminal (`width` is set), adds a progress bar.
 */
export function formatTask(task: Task, paint: Io["paint"], width: number | undefined): string {
  // The last reported progress has no meaning for a completed task, but is useful for a failed one.
  const progress = task.status === "completed" ? null : task.progress;
  const usedWidth = width ?? DEFAULT_WIDTH;
  const bar =
    width !== undefined && progress?.fraction !== undefined ? `${formatProgressBar(progress.fraction)} ` : "";
  const runTime = formatRunTime(task);
  const attempts = task.max_attempts > 1 ? `${task.runs} of ${task.max_attempts}` : "";
  const rows: [string, string][] = [
    ["task", escapeLine(task.id)],
    ["job", escapeLine(task.job_name)],
    ["room", escapeLine(task.room_id)],
    ["status", paintStatus(paint, task.status)],
    ["queue position", task.queue_position === null ? "" : String(task.queue_position)],
    ["progress", progress === null ? "" : bar + escapeLine(formatProgress(progress))],
    ["priority", task.priority === 0 ? "" : String(task.priority)],
    ["counted attempts", attempts],
    ["submitted", task.created_at],
    ["scheduled for", task.status === "pending" && task.run_at > task.created_at ? task.run_at : ""],
    ["started", task.started_at ?? ""],
    [
      "ended",
      task.completed_at === null
        ? ""
        : task.completed_at + (runTime === undefined ? "" : ` (took ${runTime})`),
    ],
    ["worker", escapeLine(task.worker_id ?? "")],
    ["payload", formatJson(task.payload, usedWidth)],
    ["result", task.result === null ? "" : formatJson(task.result, usedWidth)],
    ["error", task.error === null ? "" : formatJson(task.error, usedWidth)],
    ...task.errors
      .slice(0, task.error === null ? undefined : -1)
      .map(({ attempt, at, error }): [string, string] => [
        `attempt ${attempt}`,
        `${at} ${formatJson(error, usedWidth)}`,
      ]),
  ];
  return rows
    .filter(([, text]) => text !== "")
    .map(([label, text]) => paint.dim(text.startsWith("\n") ? label : label.padEnd(LABEL_WIDTH)) + text)
    .join("\n");
}
