import { Link } from "react-router";
import { isTerminal } from "../../protocol/index.ts";
import { useNow } from "../design/clock.ts";
import { formatSpans, getSpans } from "../design/lifeline.tsx";
import { Loading, Problem } from "../design/notice.tsx";
import { Status } from "../design/status.tsx";
import { useOutputLive } from "../live/use-output-live.ts";
import { useTaskLive } from "../live/use-task-live.ts";
import { paths } from "../shell/paths.ts";
import { Diagnosis } from "./diagnosis.tsx";
import { LogView } from "./log-view.tsx";
import { Outcome } from "./outcome.tsx";
import { OutputView } from "./output-view.tsx";
import { ProgressBar } from "./progress.tsx";
import { TaskActions } from "./task-actions.tsx";
import { useTask } from "./use-task.ts";

/** Shows a submitted task next to its form, and keeps it up to date. */
export const TaskPanel = ({ id }: { readonly id: string }) => {
  const { data: task, isPending, error, refetch } = useTask(id);
  const log = useTaskLive(id);
  const output = useOutputLive(task);
  const now = useNow();
  if (task === undefined)
    return isPending ? <Loading what="the task" /> : <Problem error={error} onRetry={() => void refetch()} />;
  return (
    <article className="task-panel" aria-label="Submitted task">
      <div className="row spread">
        <span aria-live="polite" className="panel-status">
          <Status status={task.status} />
        </span>
        <Link to={paths.task(task.id)} className="mono small">
          {task.id.slice(0, 13)}…
        </Link>
      </div>
      <p className="small quiet figure">{formatSpans(getSpans(task, now), task.status)}</p>
      <Diagnosis task={task} />
      <ProgressBar task={task} />
      {output.segments.length > 0 && <OutputView output={output} />}
      {isTerminal(task.status) && <Outcome task={task} />}
      {log.length > 0 && <LogView lines={log} />}
      <TaskActions task={task} isSmall />
    </article>
  );
};
