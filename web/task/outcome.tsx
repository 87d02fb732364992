import type { Task } from "../../protocol/index.ts";
import { ValueView } from "../values/value-view.tsx";

/** What came of a task: its result, or why there is none. */
export const Outcome = ({ task }: { readonly task: Task }) => {
  switch (task.status) {
    case "completed":
      return task.result === null ? (
        <p className="quiet">It completed, and gave no result.</p>
      ) : (
        <ValueView value={task.result} name="result" />
      );
    case "failed":
      return <pre className="task-error">{task.error ?? "It failed without a word."}</pre>;
    case "cancelled":
      return <p className="quiet">It was cancelled{task.error === null ? "." : `: ${task.error}`}</p>;
    default:
      return null;
  }
};
