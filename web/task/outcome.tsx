import type { ReactNode } from "react";
import type { Task } from "../../protocol/index.ts";
import { ValueView } from "../values/value-view.tsx";

/** Shows a task's result, or the reason why the task has no result. */
export const Outcome = ({ task, heading }: { readonly task: Task; readonly heading?: ReactNode }) => {
  if (task.status === "completed" && task.result !== null)
    return <ValueView value={task.result} name="result" heading={heading} />;
  return (
    <>
      {heading}
      {task.status === "completed" && <p className="quiet">Completed without a result.</p>}
      {task.status === "failed" && (
        <pre className="task-error">{task.error ?? "Failed with no error message."}</pre>
      )}
      {task.status === "cancelled" && (
        <p className="quiet">Cancelled{task.error === null ? "." : `: ${task.error}`}</p>
      )}
    </>
  );
};
