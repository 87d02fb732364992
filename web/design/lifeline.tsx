import type { Task } from "../../protocol/index.ts";
import { isTerminal } from "../../protocol/index.ts";
import { useNow } from "./clock.ts";
import { formatDuration, getSecondsBetween } from "./duration.ts";

/** The durations for which a task has waited and run, in seconds. */
export interface Spans {
  readonly wait: number;
  readonly run: number | undefined;
}

type TaskTimes = Pick<Task, "status" | "run_at" | "created_at" | "started_at" | "completed_at">;

/** Returns how long a task has waited since it was due, and how long it has run. */
export const getSpans = (task: TaskTimes, now: number): Spans => {
  const end = task.completed_at ?? (isTerminal(task.status) ? task.run_at : new Date(now).toISOString());
  const due = task.run_at > task.created_at ? task.run_at : task.created_at;
  if (task.started_at === null) return { wait: Math.max(0, getSecondsBetween(due, end)), run: undefined };
  return {
    wait: Math.max(0, getSecondsBetween(due, task.started_at)),
    run: Math.max(0, getSecondsBetween(task.started_at, end)),
  };
};

/** Formats the waiting time and the run time of a task. */
export const formatSpans = ({ wait, run }: Spans, status: Task["status"]): string => {
  const verb = isTerminal(status) ? "waited" : run === undefined ? "waiting" : "waited";
  const ran = run === undefined ? "" : `, ${isTerminal(status) ? "ran" : "running"} ${formatDuration(run)}`;
  return `${verb} ${formatDuration(wait)}${ran}`;
};

/**
 * Draws a task's waiting time as a thin line and its run time as a thick line. The lengths are
 * relative to `longest`, on a square root scale.
 */
export const Lifeline = ({ task, longest }: { readonly task: TaskTimes; readonly longest: number }) => {
  const spans = getSpans(task, useNow());
  const scale = (seconds: number) => `${Math.sqrt(Math.min(1, seconds / Math.max(longest, 0.001))) * 50}%`;
  return (
    <span className={`lifeline status-${task.status}`} title={formatSpans(spans, task.status)}>
      <span className="lifeline-wait" style={{ width: scale(spans.wait) }} />
      {spans.run !== undefined && <span className="lifeline-run" style={{ width: scale(spans.run) }} />}
    </span>
  );
};
