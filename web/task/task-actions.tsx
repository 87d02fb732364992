import { useState } from "react";
import { Link } from "react-router";
import { isTerminal, type Task } from "../../protocol/index.ts";
import { Confirm } from "../design/dialog.tsx";
import { Problem } from "../design/notice.tsx";
import { paths } from "../shell/paths.ts";
import { useTaskSteps } from "./use-task.ts";

/** Cancel, retry, run again: what fits a task as it stands. */
export const TaskActions = ({
  task,
  isSmall = false,
}: {
  readonly task: Task;
  readonly isSmall?: boolean;
}) => {
  const { cancel, retry } = useTaskSteps(task.id);
  const [isAsked, setAsked] = useState(false);
  const size = isSmall ? " button-small" : "";
  const error = cancel.error ?? retry.error;
  return (
    <div className="stack">
      <div className="row">
        {!isTerminal(task.status) && (
          <button type="button" className={`button button-danger${size}`} onClick={() => setAsked(true)}>
            Cancel
          </button>
        )}
        {(task.status === "failed" || task.status === "cancelled") && (
          <button
            type="button"
            className={`button${size}`}
            onClick={() => retry.mutate()}
            disabled={retry.isPending}
          >
            Retry
          </button>
        )}
        <Link className={`button${size}`} to={paths.job(task.room_id, task.job_name, { from: task.id })}>
          Run again with…
        </Link>
      </div>
      {error !== null && <Problem error={error} />}
      {isAsked && (
        <Confirm
          title="Cancel this task?"
          action="Cancel the task"
          isDanger
          isBusy={cancel.isPending}
          onClose={() => setAsked(false)}
          onConfirm={() => cancel.mutate(undefined, { onSettled: () => setAsked(false) })}
        >
          <p>
            {task.status === "running"
              ? "Its worker is told to stop at once. What it has done so far is not kept."
              : "No worker has begun it yet, and none will."}
          </p>
        </Confirm>
      )}
    </div>
  );
};
