import { useState } from "react";
import { Link } from "react-router";
import { isTerminal, type Task } from "../../protocol/index.ts";
import { Confirm } from "../design/dialog.tsx";
import { Problem } from "../design/notice.tsx";
import { paths } from "../shell/paths.ts";
import { useTaskActions } from "./use-task.ts";

/** Shows the actions that a task's status allows: cancel, retry and run again. */
export const TaskActions = ({
  task,
  isSmall = false,
}: {
  readonly task: Task;
  readonly isSmall?: boolean;
}) => {
  const { cancel, retry } = useTaskActions(task.id);
  const [isConfirming, setConfirming] = useState(false);
  const size = isSmall ? " button-small" : "";
  const error = cancel.error ?? retry.error;
  return (
    <div className="stack">
      <div className="row">
        {!isTerminal(task.status) && (
          <button type="button" className={`button button-danger${size}`} onClick={() => setConfirming(true)}>
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
      {isConfirming && (
        <Confirm
          title="Cancel this task?"
          action="Cancel task"
          isDanger
          isBusy={cancel.isPending}
          onClose={() => setConfirming(false)}
          onConfirm={() => cancel.mutate(undefined, { onSettled: () => setConfirming(false) })}
        >
          <p>
            {task.status === "running"
              ? "The worker stops running this task. Partial results are lost."
              : "No worker has started it yet."}
          </p>
        </Confirm>
      )}
    </div>
  );
};
