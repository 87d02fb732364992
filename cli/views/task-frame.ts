import type { LogLine } from "../../protocol/tasks/log.ts";
import type { Task } from "../../protocol/tasks/task.ts";
import type { Io } from "../io.ts";
import { escapeLine } from "../sanitize.ts";
import { getTextWidth, truncate } from "../table.ts";
import { formatDuration } from "./duration.ts";
import { formatTruncatedLogLine } from "./log-view.ts";
import { formatProgress, formatProgressBar, paintStatus } from "./task-view.ts";

/** The current state of a task, and the last lines of its log. */
export interface TaskWithLog {
  readonly task: Task;
  readonly lines: readonly LogLine[];
}

/** Maximum number of log lines in the live display. */
export const MAX_LOG_LINES = 8;

const SPINNER_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

const formatElapsed = ({ status, created_at, started_at }: Task, now: number): string =>
  status === "running" && started_at !== null
    ? `for ${formatDuration(now - Date.parse(started_at))}`
    : `created ${formatDuration(now - Date.parse(created_at))} ago`;

const formatQueuePosition = ({ status, queue_position }: Task): string =>
  status === "pending" && queue_position !== null ? `queue position ${queue_position}` : "";

const formatProgressLine = ({ progress }: Task): string =>
  [
    progress?.fraction === undefined ? "" : formatProgressBar(progress.fraction),
    escapeLine(formatProgress(progress)),
  ]
    .filter((part) => part !== "")
    .join(" ");

/** Formats the live display of a task, truncated to `width`: its status, its progress and the end of its log. */
export const formatTaskFrame = (
  { task, lines }: TaskWithLog,
  { width, now, paint }: { readonly width: number; readonly now: number; readonly paint: Io["paint"] },
): string => {
  const spinner = SPINNER_FRAMES[Math.floor(now / 80) % SPINNER_FRAMES.length] ?? "";
  const details = [formatElapsed(task, now), formatQueuePosition(task)]
    .filter((part) => part !== "")
    .join(", ");
  const nameWidth = width - getTextWidth(`${spinner}  ${task.status} ${details}`);
  const name = truncate(escapeLine(task.job_name), Math.max(8, nameWidth));
  const bar = formatProgressLine(task);
  return [
    `${paint.cyan(spinner)} ${paint.bold(name)} ${paintStatus(paint, task.status)} ${details}`,
    ...(bar === "" ? [] : [truncate(`  ${bar}`, width)]),
    ...lines.map((line) => `  ${formatTruncatedLogLine(paint, line, width - 2)}`),
  ].join("\n");
};
