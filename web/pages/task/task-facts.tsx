import { Link } from "react-router";
import type { Task } from "../../../protocol/index.ts";
import { Ago } from "../../design/ago.tsx";
import { useNow } from "../../design/clock.ts";
import { formatDuration } from "../../design/duration.ts";
import { getSpans } from "../../design/lifeline.tsx";
import { paths } from "../../shell/paths.ts";

export const TaskFacts = ({ task }: { readonly task: Task }) => {
  const { wait, run } = getSpans(task, useNow());
  return (
    <dl className="facts">
      <div>
        <dt>Submitted</dt>
        <dd>
          <Ago at={task.created_at} />
          {task.created_by_id !== null && (
            <>
              {" by "}
              <Link to={paths.tasks(task.room_id, { by: task.created_by_id })}>{task.created_by_id}</Link>
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>{task.status === "pending" ? "Waiting" : "Waited"}</dt>
        <dd className="figure">{formatDuration(wait)}</dd>
      </div>
      {run !== undefined && (
        <div>
          <dt>{task.completed_at === null ? "Running for" : "Ran"}</dt>
          <dd className="figure">{formatDuration(run)}</dd>
        </div>
      )}
      <div>
        <dt>Attempts</dt>
        <dd className="figure">
          {task.runs} of {task.max_attempts}
        </dd>
      </div>
      {task.priority !== 0 && (
        <div>
          <dt>Priority</dt>
          <dd className="figure">{task.priority}</dd>
        </div>
      )}
      {task.timeout_seconds !== null && (
        <div>
          <dt>Timeout</dt>
          <dd className="figure">{formatDuration(task.timeout_seconds)}</dd>
        </div>
      )}
    </dl>
  );
};
