import type { ReactNode } from "react";
import type { Task } from "../../protocol/index.ts";
import { ValueView } from "../values/value-view.tsx";

/** What came of a task: its result, or why there is none. */
export const Outcome = ({ task, heading }: { readonly task: Task; readonly heading?: ReactNode }) => {
  if (task.status === "completed" && task.result !== null)
    return <ValueView value={task.result} name="result" heading={heading} />;
  return (
    <>
      {heading}
      {task.status === "completed" && <p className="quiet">It completed, and gave no result.</p>}
      {task.status === "failed" && (
        <pre className="task-error">{task.error ?? "It failed without a word."}</pre>
      )}
      {task.status === "cancelled" && (
        <p className="quiet">It was cancelled{task.error === null ? "." : `: ${task.error}`}</p>
      )}
    </>
  );
};
