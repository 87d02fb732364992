import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import type { WorkerDetails } from "../../../protocol/index.ts";
import { reading } from "../../api/queries.ts";
import { Ago, Lasting } from "../../design/ago.tsx";
import { CopyButton } from "../../design/copy.tsx";
import { Loading, Problem } from "../../design/notice.tsx";
import { Status } from "../../design/status.tsx";
import { useRoomLive } from "../../live/use-room-live.ts";
import { paths } from "../../shell/paths.ts";
import { useRoom } from "../../shell/room.ts";
import { useTitle } from "../../shell/title.ts";
import { shortName } from "../../task/short-name.ts";
import { WorkerActions } from "./worker-actions.tsx";
import { WorkerState, workerName } from "./worker-state.tsx";

/** What it runs is on no stream of its own. */
const EVERY_MS = 3000;

const InHand = ({ worker }: { readonly worker: WorkerDetails }) =>
  worker.tasks.length === 0 ? (
    <p className="quiet">Nothing at the moment.</p>
  ) : (
    <ul className="in-hand">
      {worker.tasks.map((task) => (
        <li key={task.id}>
          <Status status={task.status} />
          <Link to={paths.task(task.id)}>{shortName(task.job_name)}</Link>
          <span className="small quiet">
            for <Lasting since={task.started_at ?? task.claimed_at} />
            {task.progress?.message !== undefined && ` · ${task.progress.message}`}
          </span>
        </li>
      ))}
    </ul>
  );

/** A worker: what it can do, and what it does now. */
export const WorkerPage = () => {
  const { worker: id = "" } = useParams();
  const known = useRoom();
  const worker = useQuery({
    ...reading("readWorker", { params: { worker_id: id } }),
    refetchInterval: EVERY_MS,
    retry: false,
  });
  const room = known ?? worker.data?.jobs[0]?.room_id;
  useRoomLive(room);
  useTitle(worker.data === undefined ? "Worker" : workerName(worker.data));
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
          <h1>{workerName(worker.data)}</h1>
          <WorkerActions
            worker={worker.data}
            leadsTo={room === undefined ? paths.rooms : paths.workers(room)}
          />
        </div>
        <p className="mono small quiet row">
          {id} <CopyButton text={id} what="the id" />
        </p>
        <p className="row">
          <WorkerState worker={worker.data} />
          <span className="quiet">
            heard of <Ago at={last_heartbeat} />
          </span>
        </p>
        {worker.isError && <Problem error={worker.error} />}
      </header>
      <div className="job-columns">
        <section aria-labelledby="in-hand">
          <h2 id="in-hand">In hand</h2>
          <InHand worker={worker.data} />
        </section>
        <section aria-labelledby="jobs">
          <h2 id="jobs">Can run</h2>
          <ul className="can-run">
            {jobs.map(({ room_id, job_name }) => (
              <li key={`${room_id} ${job_name}`}>
                <Link to={paths.job(room_id, job_name)}>{shortName(job_name)}</Link>{" "}
                <span className="small quiet">in {room_id}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </>
  );
};
