import { useEffect } from "react";
import { Link, useParams } from "react-router";
import { isTerminal, type LogLine, type Task } from "../../../protocol/index.ts";
import { CopyButton } from "../../design/copy.tsx";
import { Loading, Problem } from "../../design/notice.tsx";
import { Status } from "../../design/status.tsx";
import { type LiveOutput, useOutputLive } from "../../live/use-output-live.ts";
import { useTaskLive } from "../../live/use-task-live.ts";
import { paths } from "../../shell/paths.ts";
import { enterRoom } from "../../shell/room.ts";
import { useTitle } from "../../shell/title.ts";
import { Diagnosis } from "../../task/diagnosis.tsx";
import { LogView } from "../../task/log-view.tsx";
import { Outcome } from "../../task/outcome.tsx";
import { OutputView } from "../../task/output-view.tsx";
import { ProgressBar } from "../../task/progress.tsx";
import { getShortName } from "../../task/short-name.ts";
import { TaskActions } from "../../task/task-actions.tsx";
import { Timeline } from "../../task/timeline.tsx";
import { useTask } from "../../task/use-task.ts";
import { ValueView } from "../../values/value-view.tsx";
import { TaskFacts } from "./task-facts.tsx";

const Head = ({ task }: { readonly task: Task }) => (
  <header className="page-head task-head">
    <p className="eyebrow">
      Task of <Link to={paths.job(task.room_id, task.job_name)}>{task.job_name}</Link>
    </p>
    <div className="row spread">
      <h1 className="row">
        {getShortName(task.job_name)} <Status status={task.status} />
      </h1>
      <TaskActions task={task} />
    </div>
    <p className="mono small quiet row task-id">
      {task.id} <CopyButton text={task.id} what="the id" />
    </p>
    <TaskFacts task={task} />
  </header>
);

interface BodyProps {
  readonly task: Task;
  readonly log: readonly LogLine[];
  readonly output: LiveOutput;
}

const Body = ({ task, log, output }: BodyProps) => (
  <div className="task-columns">
    <div className="task-main">
      <Diagnosis task={task} />
      <ProgressBar task={task} />
      {output.segments.length > 0 && (
        <section aria-labelledby="output">
          <h2 id="output">Output</h2>
          <OutputView output={output} />
        </section>
      )}
      {isTerminal(task.status) && (
        <section aria-labelledby="outcome">
          <Outcome
            task={task}
            heading={<h2 id="outcome">{task.status === "failed" ? "Error" : "Result"}</h2>}
          />
        </section>
      )}
      {(log.length > 0 || task.status !== "pending") && (
        <section aria-labelledby="log">
          <h2 id="log">Log</h2>
          <LogView lines={log} />
        </section>
      )}
    </div>
    <div className="task-side">
      <section aria-labelledby="timeline">
        <h2 id="timeline">History</h2>
        <Timeline task={task} />
      </section>
      <section aria-labelledby="payload">
        <ValueView value={task.payload} name="payload" heading={<h2 id="payload">Payload</h2>} />
      </section>
    </div>
  </div>
);

/** Shows the payload, the history and the result of a task, and keeps them up to date. */
export const TaskPage = () => {
  const { task: id = "" } = useParams();
  const { data: task, isPending, error, refetch } = useTask(id);
  const log = useTaskLive(id);
  const output = useOutputLive(task);
  useTitle(task === undefined ? "Task" : `${getShortName(task.job_name)} ${task.status}`, task?.room_id);
  const room = task?.room_id;
  useEffect(() => {
    if (room !== undefined) enterRoom(room);
  }, [room]);
  if (task === undefined)
    return (
      <>
        <h1 className="page-head">Task</h1>
        {isPending ? <Loading what="the task" /> : <Problem error={error} onRetry={() => void refetch()} />}
      </>
    );
  return (
    <>
      <Head task={task} />
      <Body task={task} log={log} output={output} />
    </>
  );
};
