import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { LateResult, Task } from "../../protocol/index.ts";
import { reading, taskScope } from "../api/queries.ts";
import { Ago } from "../design/ago.tsx";
import { Confirm } from "../design/dialog.tsx";
import { Problem } from "../design/notice.tsx";
import { ValueView } from "../values/value-view.tsx";
import { useTaskSteps } from "./use-task.ts";

const Late = ({ late, task }: { readonly late: LateResult; readonly task: Task }) => {
  const { adopt } = useTaskSteps(task.id);
  const [isAsked, setAsked] = useState(false);
  return (
    <li className="late">
      <p>
        Attempt {late.attempt} came to this after its worker had been given up, <Ago at={late.at} />. It was
        refused and kept.
      </p>
      <details>
        <summary>Look at it</summary>
        <ValueView value={late.result} name="late result" />
      </details>
      {task.status !== "completed" && (
        <button type="button" className="button button-small" onClick={() => setAsked(true)}>
          Adopt
        </button>
      )}
      {adopt.error !== null && <Problem error={adopt.error} />}
      {isAsked && (
        <Confirm
          title="Adopt this result?"
          action="Adopt it"
          isBusy={adopt.isPending}
          onClose={() => setAsked(false)}
          onConfirm={() => adopt.mutate(late.attempt, { onSettled: () => setAsked(false) })}
        >
          <p>The task is completed with it, and whoever runs it now is told to stop.</p>
        </Confirm>
      )}
    </li>
  );
};

/** What came too late, to be adopted by who submitted the task. */
export const LateResults = ({ task }: { readonly task: Task }) => {
  const { data } = useQuery(reading("listLateResults", { params: { task_id: task.id } }, taskScope(task.id)));
  if (data === undefined || data.items.length === 0) return null;
  return (
    <ul className="stack">
      {data.items.map((late) => (
        <Late key={`${late.attempt} ${late.at}`} late={late} task={task} />
      ))}
    </ul>
  );
};
