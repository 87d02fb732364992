import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { LateResult, Task } from "../../protocol/index.ts";
import { readQuery, taskScope } from "../api/queries.ts";
import { Ago } from "../design/ago.tsx";
import { Confirm } from "../design/dialog.tsx";
import { Problem } from "../design/notice.tsx";
import { ValueView } from "../values/value-view.tsx";
import { useTaskActions } from "./use-task.ts";

const LateResultItem = ({ late, task }: { readonly late: LateResult; readonly task: Task }) => {
  const { adopt } = useTaskActions(task.id);
  const [isConfirming, setConfirming] = useState(false);
  return (
    <li className="late">
      <p>
        Attempt {late.attempt} finished after its lease had expired, <Ago at={late.at} />. Its result was
        rejected and stored.
      </p>
      <details>
        <summary>Show the result</summary>
        <ValueView value={late.result} name="late result" />
      </details>
      {task.status !== "completed" && (
        <button type="button" className="button button-small" onClick={() => setConfirming(true)}>
          Adopt
        </button>
      )}
      {adopt.error !== null && <Problem error={adopt.error} />}
      {isConfirming && (
        <Confirm
          title="Adopt this result?"
          action="Adopt"
          isBusy={adopt.isPending}
          onClose={() => setConfirming(false)}
          onConfirm={() => adopt.mutate(late.attempt, { onSettled: () => setConfirming(false) })}
        >
          <p>
            The task completes with this result. If a worker is running this task, it stops running it, and
            partial results are lost.
          </p>
        </Confirm>
      )}
    </li>
  );
};

/** Lists the late results of a task, which its submitter can adopt. */
export const LateResults = ({ task }: { readonly task: Task }) => {
  const { data } = useQuery(
    readQuery("listLateResults", { params: { task_id: task.id } }, taskScope(task.id)),
  );
  if (data === undefined || data.items.length === 0) return null;
  return (
    <ul className="stack">
      {data.items.map((late) => (
        <LateResultItem key={`${late.attempt} ${late.at}`} late={late} task={task} />
      ))}
    </ul>
  );
};
