import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { GLOBAL_ROOM, type Job } from "../../../protocol/index.ts";
import { keepPreviousPage, readQuery, roomScope } from "../../api/queries.ts";
import { CommandLine } from "../../design/copy.tsx";
import { Empty, Loading, Problem } from "../../design/notice.tsx";
import { useRoomLive } from "../../live/use-room-live.ts";
import { useTitle } from "../../shell/title.ts";
import { JobRow } from "./job-row.tsx";

/**
 * Groups jobs by category. The categories and the jobs of each category are sorted alphabetically.
 */
const groupByCategory = (jobs: readonly Job[]): [string, Job[]][] =>
  Object.entries(Object.groupBy(jobs, ({ category }) => category))
    .map(([category, group = []]): [string, Job[]] => [
      category,
      group.sort((a, b) => a.name.localeCompare(b.name)),
    ])
    .sort(([a], [b]) => a.localeCompare(b));

const getWorkerCommand = (room: string) =>
  room === GLOBAL_ROOM
    ? "npx joblib worker ./examples/chemistry.ts --public"
    : `npx joblib worker ./examples/chemistry.ts --room ${/^[\w.-]+$/.test(room) ? room : `'${room}'`}`;

/** Shows a room and the jobs that are visible in it. */
export const JobsPage = () => {
  const { room = "" } = useParams();
  useTitle(room);
  useRoomLive(room);
  const jobs = useQuery({
    ...readQuery("listJobs", { params: { room_id: room }, query: { limit: 500 } }, roomScope(room)),
    ...keepPreviousPage,
  });
  const stats = useQuery(readQuery("readRoomStats", { params: { room_id: room } }, roomScope(room)));
  const statsByJob = new Map(stats.data?.jobs.map((job) => [job.job_name, job]));
  return (
    <>
      <header className="page-head">
        <p className="eyebrow">Room</p>
        <h1>{room}</h1>
      </header>
      {jobs.isPending && <Loading what="the jobs" />}
      {jobs.isError && <Problem error={jobs.error} onRetry={() => void jobs.refetch()} />}
      {jobs.data?.items.length === 0 && (
        <Empty title="No worker has registered a job yet.">
          <p className="quiet">Start a worker on any machine; its jobs appear here when it is online.</p>
          <CommandLine>{getWorkerCommand(room)}</CommandLine>
        </Empty>
      )}
      {groupByCategory(jobs.data?.items ?? []).map(([category, group]) => (
        <section key={category} className="category" aria-labelledby={`category-${category}`}>
          <div className="job-row category-head">
            <h2 id={`category-${category}`}>{category}</h2>
            <span className="eyebrow">Workers</span>
            <span className="eyebrow">Wait</span>
            <span className="eyebrow">Run</span>
          </div>
          <ul>
            {group.map((job) => (
              <JobRow key={job.id} job={job} stats={statsByJob.get(job.full_name)} room={room} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
};
