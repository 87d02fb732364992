import { Link } from "react-router";
import type { Job, JobStats } from "../../../protocol/index.ts";
import { paths } from "../../shell/paths.ts";
import { Percentiles } from "./percentiles.tsx";

const MAX_DOTS = 8;

/** Shows a dot for each worker of a job. Filled dots represent busy workers. */
export const WorkerDots = ({ workers, busy }: { readonly workers: number; readonly busy: number }) => (
  <span className={workers === 0 ? "worker-dots is-none" : "worker-dots"}>
    <span aria-hidden="true" className="dots">
      {Array.from({ length: Math.min(workers, MAX_DOTS) }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: dots have no identity and are never reordered
        <i key={index} className={index < busy ? "dot is-busy" : "dot"} />
      ))}
    </span>
    {workers === 0 ? "no worker online" : `${workers} ${workers === 1 ? "worker" : "workers"}`}
    {busy > 0 && <span className="quiet">, {busy} busy</span>}
  </span>
);

const getFirstSentence = (text: string) => text.split(/\n|(?<=\.)\s/, 1)[0] ?? "";

/** A job in the list of jobs, with its workers and its wait and run times. */
export const JobRow = ({
  job,
  stats,
  room,
}: {
  readonly job: Job;
  readonly stats: JobStats | undefined;
  readonly room: string;
}) => {
  const pending = stats?.pending ?? job.pending;
  return (
    <li className="job-row">
      <div className="job-what">
        <Link to={paths.job(room, job.full_name)} className="job-name">
          {job.name}
        </Link>
        {job.description !== null && <p className="quiet small">{getFirstSentence(job.description)}</p>}
      </div>
      <div className="job-who small">
        <WorkerDots workers={stats?.workers ?? job.workers.length} busy={stats?.busy_workers ?? 0} />
        <span className={pending === 0 ? "quiet" : undefined}>
          <span className="figure">{pending.toLocaleString("en")}</span> pending
        </span>
      </div>
      <Percentiles values={stats?.wait ?? null} label="Wait" />
      <Percentiles values={stats?.run ?? null} label="Run" />
    </li>
  );
};
