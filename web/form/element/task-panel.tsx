import { isTerminal, type LogLine, type SubmittedTask, type Task } from "../../../protocol/index.ts";
import { ValueView } from "../../values/value-view.tsx";

/** What is shown of a task is made from. */
export interface TaskPanelProps {
  readonly task: Task | SubmittedTask;
  readonly log: readonly LogLine[];
  readonly onCancel: () => void;
}

const STATUS_LABELS: Record<Task["status"], string> = {
  pending: "Waiting",
  claimed: "Begins",
  running: "Running",
  completed: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

const place = (task: Task | SubmittedTask): string => {
  if (task.status !== "pending") return task.status === "running" ? (task.progress?.message ?? "") : "";
  if ("workers_online" in task && task.workers_online === 0) return "for a worker: none is online";
  const { queue_position: position } = task;
  return position === null || position === 1
    ? ""
    : `place ${position > 1000 ? "1000+" : position} in the queue`;
};

/** A task as it goes on: where it stands, how far it has come, what it says, and what it came to. */
export const TaskPanel = ({ task, log, onCancel }: TaskPanelProps) => {
  const fraction = task.status === "running" ? task.progress?.fraction : undefined;
  const isOver = isTerminal(task.status);
  return (
    <section className={`jt-task is-${task.status}`} part="task" aria-label="The task">
      <p className="jt-status" part="status" role="status">
        <strong>{STATUS_LABELS[task.status]}</strong> {place(task)}
      </p>
      {!isOver && (
        <div className="jt-line">
          <progress aria-label="Progress" max={1} {...(fraction !== undefined && { value: fraction })} />
          <button type="button" className="jf-button jf-quiet" part="cancel" onClick={onCancel}>
            Cancel
          </button>
        </div>
      )}
      {task.error !== null && isOver && (
        <pre className="jt-error" part="error">
          {task.error}
        </pre>
      )}
      {log.length > 0 && (
        <details open={!isOver}>
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
