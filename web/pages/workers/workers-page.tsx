import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { GLOBAL_ROOM, type Worker } from "../../../protocol/index.ts";
import { keepPreviousPage, readQuery, roomScope } from "../../api/queries.ts";
import { Ago } from "../../design/ago.tsx";
import { CommandLine } from "../../design/copy.tsx";
import { Empty, Loading, Problem } from "../../design/notice.tsx";
import { useRoomLive } from "../../live/use-room-live.ts";
import { paths } from "../../shell/paths.ts";
import { useTitle } from "../../shell/title.ts";
import { getWorkerName, WorkerState } from "./worker-state.tsx";

/** Poll interval in milliseconds. The page polls, because no event stream reports heartbeats. */
const POLL_INTERVAL_MS = 10_000;

const Row = ({ worker }: { readonly worker: Worker }) => (
  <li className="worker-row">
    <Link to={paths.worker(worker.id)} className="worker-name">
      {getWorkerName(worker)}
    </Link>
    <span className="small">
      <WorkerState worker={worker} />
    </span>
    <span className="small">
      <span className="figure">{worker.task_count}</span> {worker.task_count === 1 ? "task" : "tasks"}
    </span>
    <span className="small quiet">
      <span className="figure">{worker.job_count}</span> {worker.job_count === 1 ? "job" : "jobs"}
    </span>
    <span className="small quiet">
      last heartbeat <Ago at={worker.last_heartbeat} />
    </span>
  </li>
);

export const WorkersPage = () => {
  const { room = "" } = useParams();
  useTitle("Workers", room);
  useRoomLive(room);
  const workers = useQuery({
    ...readQuery("listRoomWorkers", { params: { room_id: room }, query: { limit: 500 } }, roomScope(room)),
    ...keepPreviousPage,
    refetchInterval: POLL_INTERVAL_MS,
  });
  return (
    <>
      <header className="page-head">
        <p className="eyebrow">{room}</p>
        <h1>Workers</h1>
      </header>
      {workers.isPending && <Loading what="the workers" />}
      {workers.isError && <Problem error={workers.error} onRetry={() => void workers.refetch()} />}
      {workers.data?.items.length === 0 && (
        <Empty title="No worker is online.">
          <p className="quiet">A worker needs only HTTPS; it can run on a laptop.</p>
          <CommandLine>
            {room === GLOBAL_ROOM
              ? "npx joblib worker ./extensions.ts --public"
              : `npx joblib worker ./extensions.ts --room ${room}`}
          </CommandLine>
        </Empty>
      )}
      <ul className="workers">
        {workers.data?.items.map((worker) => (
          <Row key={worker.id} worker={worker} />
        ))}
      </ul>
    </>
  );
};
