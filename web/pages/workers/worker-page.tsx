import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import type { WorkerDetails } from "../../../protocol/index.ts";
import { readQuery } from "../../api/queries.ts";
import { Ago, Elapsed } from "../../design/ago.tsx";
import { CopyButton } from "../../design/copy.tsx";
import { Loading, Problem } from "../../design/notice.tsx";
import { Status } from "../../design/status.tsx";
import { useRoomLive } from "../../live/use-room-live.ts";
import { paths } from "../../shell/paths.ts";
import { useRoom } from "../../shell/room.ts";
import { useTitle } from "../../shell/title.ts";
import { getShortName } from "../../task/short-name.ts";
import { WorkerActions } from "./worker-actions.tsx";
import { getWorkerName, WorkerState } from "./worker-state.tsx";

/**
 * Poll interval in milliseconds. The page polls, because no event stream reports the tasks of a
 * worker.
 */
const POLL_INTERVAL_MS = 3000;

const CurrentTasks = ({ worker }: { readonly worker: WorkerDetails }) =>
  worker.tasks.length === 0 ? (
    <p className="quiet">No tasks.</p>
  ) : (
    <ul className="current-tasks">
      {worker.tasks.map((task) => (
        <li key={task.id}>
          <Status status={task.status} />
          <Link to={paths.task(task.id)}>{getShortName(task.job_name)}</Link>
          <span className="small quiet">
            for <Elapsed since={task.started_at ?? task.claimed_at} />
            {task.progress?.message !== undefined && ` · ${task.progress.message}`}
          </span>
        </li>
      ))}
    </ul>
  );

/** Shows a worker, its jobs and its current tasks. */
export const WorkerPage = () => {
  const { worker: id = "" } = useParams();
  const known = useRoom();
  const worker = useQuery({
    ...readQuery("readWorker", { params: { worker_id: id } }),
    refetchInterval: POLL_INTERVAL_MS,
    retry: false,
  });
  const room = known ?? worker.data?.jobs[0]?.room_id;
  useRoomLive(room);
  useTitle(worker.data === undefined ? "Worker" : getWorkerName(worker.data));
  if (worker.data === undefined)
    return (
      <>
        <h1 className="page-head">Worker</h1>
        {worker.isPending ? <Loading what="the worker" /> : <Problem error={worker.error} />}
      </>
    );
  const { jobs, last_heartbeat } = worker.data;
  return (
    <>
      <header className="page-head">
        <p className="eyebrow">Worker</p>
        <div className="row spread">
          <h1>{getWorkerName(worker.data)}</h1>
          <WorkerActions
            worker={worker.data}
            nextPage={room === undefined ? paths.rooms : paths.workers(room)}
          />
        </div>
        <p className="mono small quiet row">
          {id} <CopyButton text={id} what="the id" />
        </p>
        <p className="row">
          <WorkerState worker={worker.data} />
          <span className="quiet">
            last heartbeat <Ago at={last_heartbeat} />
          </span>
        </p>
        {worker.isError && <Problem error={worker.error} />}
      </header>
      <div className="job-columns">
        <section aria-labelledby="current">
          <h2 id="current">Current tasks</h2>
          <CurrentTasks worker={worker.data} />
        </section>
        <section aria-labelledby="jobs">
          <h2 id="jobs">Jobs</h2>
          <ul className="can-run">
            {jobs.map(({ room_id, job_name }) => (
              <li key={`${room_id} ${job_name}`}>
                <Link to={paths.job(room_id, job_name)}>{getShortName(job_name)}</Link>{" "}
                <span className="small quiet">in {room_id}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </>
  );
};
