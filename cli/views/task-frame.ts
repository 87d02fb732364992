import type { LogLine } from "../../protocol/log.ts";
import type { Task } from "../../protocol/task.ts";
import type { Io } from "../io.ts";
import { escapeLine } from "../sanitize.ts";
import { getTextWidth, truncate } from "../table.ts";
import { formatDuration } from "./duration.ts";
import { formatTruncatedLogLine } from "./log-view.ts";
import { formatProgress, formatProgressBar, paintStatus } from "./task-view.ts";

/** A task as it is followed: how it stands, and the last lines of its log. */
export interface TaskWithLog {
  readonly task: Task;
  readonly lines: readonly LogLine[];
}

/** How many lines of a log are seen while a task is followed. */
export const MAX_LOG_LINES = 8;

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

const since = ({ status, created_at, started_at }: Task, now: number): string =>
  status === "running" && started_at !== null
    ? `for ${formatDuration(now - Date.parse(started_at))}`
    : `since ${formatDuration(now - Date.parse(created_at))}`;

const place = ({ status, queue_position }: Task): string =>
  status === "pending" && queue_position !== null ? `place ${queue_position} in the queue` : "";

const progress = ({ progress: given }: Task): string =>
  [given?.fraction === undefined ? "" : formatProgressBar(given.fraction), escapeLine(formatProgress(given))]
    .filter((part) => part !== "")
    .join(" ");

/** What is seen of a task while it is followed: a line about it, its progress, the end of its log; none too wide. */
export const formatTaskFrame = (
  { task, lines }: TaskWithLog,
  { width, now, paint }: { readonly width: number; readonly now: number; readonly paint: Io["paint"] },
): string => {
  const turn = FRAMES[Math.floor(now / 80) % FRAMES.length] ?? "";
  const rest = [since(task, now), place(task)].filter((part) => part !== "").join(", ");
  const room = width - getTextWidth(`${turn}  ${task.status} ${rest}`);
  const name = truncate(escapeLine(task.job_name), Math.max(8, room));
  const bar = progress(task);
  return [
    `${paint.cyan(turn)} ${paint.bold(name)} ${paintStatus(paint, task.status)} ${rest}`,
    ...(bar === "" ? [] : [truncate(`  ${bar}`, width)]),
    ...lines.map((line) => `  ${formatTruncatedLogLine(paint, line, width - 2)}`),
  ].join("\n");
};
