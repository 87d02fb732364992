import type { LogLine } from "../../protocol/tasks/log.ts";
import type { Task } from "../../protocol/tasks/task.ts";
import { formatDuration } from "../../protocol/time.ts";
import type { Io } from "../io/output.ts";
import { escapeLine } from "../io/sanitize.ts";
import { getTextWidth, truncate } from "../io/text-width.ts";
import { formatTruncatedLogLine } from "./log-view.ts";
import { formatProgress, formatProgressBar, paintStatus } from "./task-view.ts";
import { joinParts } from "./units.ts";

/** The current state of a task, and the last lines of its log. */
export interface TaskWithLog {
  readonly task: Task;
  readonly lines: readonly LogLine[];
}

/** Width of the spinner before the first line, and of the space after it. */
const SPINNER_WIDTH = 2;

/** Maximum number of log lines in the live display. */
export const MAX_LOG_LINES = 8;

function formatElapsed({ status, created_at, started_at }: Task, now: number): string {
  return status === "running" && started_at !== null
    ? `for ${formatDuration(now - Date.parse(started_at))}`
    : `submitted ${formatDuration(now - Date.parse(created_at))} ago`;
}

function formatQueuePosition({ status, queue_position }: Task): string {
  return status === "pending" && queue_position !== null ? `queue position ${queue_position}` : "";
}

function formatProgressLine({ progress }: Task): string {
  const bar = progress?.fraction === undefined ? "" : formatProgressBar(progress.fraction);
  return joinParts([bar, escapeLine(formatProgress(progress))]);
}

/**
 * Formats the live display of a task: its status, its progress and the end of its log. Lines are
 * truncated to `width`.
 */
export function formatTaskFrame(
  { task, lines }: TaskWithLog,
  { width, now, paint }: { readonly width: number; readonly now: number; readonly paint: Io["paint"] },
): string {
  const details = joinParts([formatElapsed(task, now), formatQueuePosition(task)], ", ");
  const nameWidth = width - SPINNER_WIDTH - getTextWidth(` ${task.status} ${details}`);
  const name = truncate(escapeLine(task.job_name), Math.max(8, nameWidth));
  const bar = formatProgressLine(task);
  return [
    `${paint.bold(name)} ${paintStatus(paint, task.status)} ${details}`,
    ...(bar === "" ? [] : [truncate(`  ${bar}`, width)]),
    ...lines.map((line) => `  ${formatTruncatedLogLine(paint, line, width - 2)}`),
  ].join("\n");
}
