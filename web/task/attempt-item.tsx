import { Link } from "react-router";
import type { Attempt } from "../../protocol/index.ts";
import { Elapsed } from "../design/ago.tsx";
import { formatDateTime, formatDuration, formatTime, getSecondsBetween } from "../design/duration.ts";
import { paths } from "../shell/paths.ts";

const OUTCOMES: Record<Attempt["outcome"], string> = {
  completed: "completed",
  failed: "failed",
  timed_out: "timed out",
  lost: "lease lost",
  cancelled: "cancelled",
  released: "requeued before it started",
  open: "",
};

const Span = ({ from, to }: { readonly from: string; readonly to: string | null }) =>
  to === null ? <Elapsed since={from} /> : formatDuration(Math.max(0, getSecondsBetween(from, to)));

/** Shows one attempt: its worker, its duration and its outcome. */
export const AttemptItem = ({
  entry,
  shownError,
}: {
  readonly entry: Attempt;
  /** The error that the page already shows. The attempt does not show the same error again. */
  readonly shownError: string | null;
}) => {
  const { attempt, worker_id, worker_name, claimed_at, started_at, ended_at, outcome, error } = entry;
  const at = claimed_at ?? started_at ?? ended_at;
  return (
    <li className={`event is-${outcome}`}>
      <div className="event-head">
        <strong>Attempt {attempt}</strong>
        {OUTCOMES[outcome] !== "" && <span className="event-outcome">{OUTCOMES[outcome]}</span>}
        {at !== null && (
          <time className="quiet small" dateTime={at} title={formatDateTime(at)}>
            {formatTime(at)}
          </time>
        )}
      </div>
      <p className="small quiet">
        {worker_id === null ? (
          "unknown worker"
        ) : (
          <Link to={paths.worker(worker_id)}>{worker_name ?? `worker ${worker_id.slice(0, 8)}`}</Link>
        )}
        {claimed_at !== null && started_at === null && outcome === "open" && (
          <>
            {" "}
            · claimed <Elapsed since={claimed_at} /> ago, not started
          </>
        )}
        {started_at !== null && (
          <>
            {" "}
            · {ended_at === null ? "running for" : "ran"} <Span from={started_at} to={ended_at} />
          </>
        )}
        {started_at === null && ended_at !== null && " · never started"}
      </p>
      {error !== null && error !== shownError && outcome !== "open" && (
        <pre className="event-error">{error}</pre>
      )}
    </li>
  );
};
