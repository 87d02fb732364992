import type { JsonValue } from "../../protocol/json.ts";
import type { Progress, Task } from "../../protocol/task.ts";
import type { TaskStatus } from "../../protocol/task-status.ts";
import type { Io } from "../io.ts";
import { escapeLine } from "../sanitize.ts";
import { getTextWidth } from "../table.ts";
import { wrap } from "../wrap.ts";
import { formatDuration } from "./duration.ts";

const BAR_CELLS = 20;

/** A status in its colour. */
export const paintStatus = (paint: Io["paint"], status: TaskStatus, text: string = status): string => {
  if (status === "completed") return paint.green(text);
  if (status === "failed") return paint.red(text);
  if (status === "cancelled") return paint.yellow(text);
  return status === "running" ? paint.cyan(text) : text;
};

/** `42% reading molecules`, as far as it was reported. */
export const formatProgress = (progress: Progress | null): string =>
  [progress?.fraction === undefined ? "" : `${Math.floor(progress.fraction * 100)}%`, progress?.message ?? ""]
    .filter((part) => part !== "")
    .join(" ");

/** `████████░░░░░░░░░░░░`. */
export const formatProgressBar = (fraction: number): string => {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_CELLS);
  return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
};

/** What a spinner says of a task that is waited for. */
export const formatTaskStatus = ({ status, progress, queue_position, job_name }: Task): string => {
  const bar = progress?.fraction === undefined ? "" : formatProgressBar(progress.fraction);
  const place = queue_position === null ? "" : `(place ${queue_position} in the queue)`;
  return [job_name, status, place, bar, formatProgress(progress)].filter((part) => part !== "").join(" ");
};

/** What a view says of JSON on its own: a text is itself. */
export const formatResult = (value: JsonValue): string =>
  typeof value === "string" ? value : JSON.stringify(value, null, 2);

const LABEL = 12;
/** Where nobody's terminal sets a width. */
const WIDE = 92;

/** JSON within a view: on the line where it is short, below it where it is not. */
const jsonText = (value: JsonValue, width: number): string => {
  if (typeof value === "string") return value.includes("\n") ? indented(value) : hanging(value, width);
  const line = JSON.stringify(value);
  return getTextWidth(line) <= width - LABEL ? line : indented(JSON.stringify(value, null, 2));
};

/** A long text between words, each further line under the first. */
const hanging = (text: string, width: number) =>
  width === WIDE ? text : wrap(text, width - LABEL).replaceAll("\n", `\n${" ".repeat(LABEL)}`);

const indented = (text: string) => `\n${text.replace(/^/gm, "    ")}`;

const took = ({ started_at, completed_at }: Task): string =>
  started_at === null || completed_at === null
    ? ""
    : ` (took ${formatDuration(Date.parse(completed_at) - Date.parse(started_at))})`;

/** A task, a property on a line; on a terminal, which has a width, with the bar of its progress. */
export const formatTask = (task: Task, paint: Io["paint"], width: number | undefined): string => {
  // Its last report, a half perhaps, says nothing of one that is done; of a failed one it says how far that came.
  const progress = task.status === "completed" ? null : task.progress;
  const wide = width ?? WIDE;
  const bar =
    width !== undefined && progress?.fraction !== undefined ? `${formatProgressBar(progress.fraction)} ` : "";
  const attempts = task.max_attempts > 1 ? `${task.runs} of ${task.max_attempts}` : "";
  const rows: [string, string][] = [
    ["task", escapeLine(task.id)],
    ["job", escapeLine(task.job_name)],
    ["room", escapeLine(task.room_id)],
    ["status", paintStatus(paint, task.status)],
    ["queue place", task.queue_position === null ? "" : String(task.queue_position)],
    ["progress", progress === null ? "" : bar + escapeLine(formatProgress(progress))],
    ["priority", task.priority === 0 ? "" : String(task.priority)],
    ["runs", attempts],
    ["created", task.created_at],
    ["not before", task.status === "pending" && task.run_at > task.created_at ? task.run_at : ""],
    ["started", task.started_at ?? ""],
    ["ended", task.completed_at === null ? "" : task.completed_at + took(task)],
    ["worker", escapeLine(task.worker_id ?? "")],
    ["payload", jsonText(task.payload, wide)],
    ["result", task.result === null ? "" : jsonText(task.result, wide)],
    ["error", task.error === null ? "" : jsonText(task.error, wide)],
    ...task.errors
      .slice(0, task.error === null ? undefined : -1)
      .map(({ attempt, at, error }): [string, string] => [
        `attempt ${attempt}`,
        `${at} ${jsonText(error, wide)}`,
      ]),
  ];
  return rows
    .filter(([, text]) => text !== "")
    .map(([label, text]) => paint.dim(text.startsWith("\n") ? label : label.padEnd(LABEL)) + text)
    .join("\n");
};
