import { isTerminal, type LogLine, type SubmittedTask, type Task } from "../../../protocol/index.ts";
import { ValueView } from "../../values/value-view.tsx";

export interface TaskPanelProps {
  readonly task: Task | SubmittedTask;
  readonly log: readonly LogLine[];
  readonly onCancel: () => void;
}

const STATUS_LABELS: Record<Task["status"], string> = {
  pending: "Pending",
  claimed: "Claimed",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};

/**
 * Returns a text with details of the status: the progress message, the queue position, or that no
 * worker is online.
 */
const describeStatus = (task: Task | SubmittedTask): string => {
  if (task.status !== "pending") return task.status === "running" ? (task.progress?.message ?? "") : "";
  if ("workers_online" in task && task.workers_online === 0) return "(no worker online)";
  const { queue_position: position } = task;
  return position === null || position === 1
    ? ""
    : `(queue position ${position > 1000 ? "over 1,000" : position})`;
};

/** Shows the status, the progress, the log and the result of a task. */
export const TaskPanel = ({ task, log, onCancel }: TaskPanelProps) => {
  const fraction = task.status === "running" ? task.progress?.fraction : undefined;
  const hasEnded = isTerminal(task.status);
  return (
    <section className={`jt-task is-${task.status}`} part="task" aria-label="Task">
      <p className="jt-status" part="status" role="status">
        <strong>{STATUS_LABELS[task.status]}</strong> {describeStatus(task)}
      </p>
      {!hasEnded && (
        <div className="jt-line">
          <progress aria-label="Progress" max={1} {...(fraction !== undefined && { value: fraction })} />
          <button type="button" className="jf-button jf-quiet" part="cancel" onClick={onCancel}>
            Cancel
          </button>
        </div>
      )}
      {task.error !== null && hasEnded && (
        <pre className="jt-error" part="error">
          {task.error}
        </pre>
      )}
      {log.length > 0 && (
        <details open={!hasEnded}>
          <summary>Log</summary>
          <pre className="jt-log" part="log">
            {log.map(({ text }) => text).join("\n")}
          </pre>
        </details>
      )}
      {task.status === "completed" && (
        <div className="jt-result" part="result">
          <ValueView value={task.result} name="result" />
        </div>
      )}
    </section>
  );
};
