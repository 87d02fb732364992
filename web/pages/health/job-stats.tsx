import { Link } from "react-router";
import type { JobStats } from "../../../protocol/index.ts";
import { formatDuration } from "../../design/duration.ts";
import { paths } from "../../shell/paths.ts";
import { getShortName } from "../../task/short-name.ts";

const formatNumber = (value: number) => value.toLocaleString("en");
const formatPercentiles = (values: JobStats["run"]) =>
  values === null ? "–" : `${formatDuration(values.p50)} · ${formatDuration(values.p95)}`;
const formatSeconds = (value: number | null | undefined) => (value == null ? "–" : formatDuration(value));

/** Lists the stats of each job. The job with the longest wait is the first. */
export const JobStatsTable = ({
  room,
  jobs,
}: {
  readonly room: string;
  readonly jobs: readonly JobStats[];
}) => {
  if (jobs.length === 0) return null;
  const sorted = [...jobs].sort(
    (a, b) => (b.oldest_pending_seconds ?? -1) - (a.oldest_pending_seconds ?? -1),
  );
  return (
    <section aria-labelledby="job-stats" className="job-stats">
      <h2 id="job-stats">Jobs</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys scroll it */}
      <section className="scroll-x" tabIndex={0} aria-label="Jobs, scrollable">
        <table className="stats">
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">Oldest pending</th>
              <th scope="col">Pending</th>
              <th scope="col">Running</th>
              <th scope="col">Workers</th>
              <th scope="col">Completed</th>
              <th scope="col">Failed</th>
              <th scope="col">Wait p50 · p95</th>
              <th scope="col">Run p50 · p95</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((job) => (
              <tr key={job.job_name}>
                <th scope="row">
                  <Link to={paths.job(room, job.job_name)}>{getShortName(job.job_name)}</Link>
                </th>
                <td>{job.pending === 0 ? "–" : formatSeconds(job.oldest_pending_seconds)}</td>
                <td>{formatNumber(job.pending)}</td>
                <td>{formatNumber(job.running)}</td>
                <td>{job.workers === 0 ? "none" : `${job.busy_workers} of ${job.workers} busy`}</td>
                <td>{formatNumber(job.completed)}</td>
                <td className={job.failed > 0 ? "is-bad" : undefined}>{formatNumber(job.failed)}</td>
                <td>{formatPercentiles(job.wait)}</td>
                <td>{formatPercentiles(job.run)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
};
