import { Link } from "react-router";
import type { Attempt } from "../../protocol/index.ts";
import { Lasting } from "../design/ago.tsx";
import { clockTime, dateTime, duration, secondsBetween } from "../design/duration.ts";
import { paths } from "../shell/paths.ts";

const OUTCOMES: Record<Attempt["outcome"], string> = {
  completed: "completed",
  failed: "failed",
  timed_out: "ran out of time",
  lost: "its worker was lost",
  cancelled: "cancelled",
  released: "given back before it began",
  open: "",
};

const Span = ({ from, to }: { readonly from: string; readonly to: string | null }) =>
  to === null ? <Lasting since={from} /> : duration(Math.max(0, secondsBetween(from, to)));

/** One attempt in words: who had it, how long, and what came of it. */
export const AttemptItem = ({
  of: entry,
  told,
}: {
  readonly of: Attempt;
  /** The error that stands elsewhere on the page already. */
  readonly told: string | null;
}) => {
  const { attempt, worker_id, worker_name, claimed_at, started_at, ended_at, outcome, error } = entry;
  const at = claimed_at ?? started_at ?? ended_at;
  return (
    <li className={`event is-${outcome}`}>
      <div className="event-head">
        <strong>Attempt {attempt}</strong>
        {OUTCOMES[outcome] !== "" && <span className="event-outcome">{OUTCOMES[outcome]}</span>}
        {at !== null && (
          <time className="quiet small" dateTime={at} title={dateTime(at)}>
            {clockTime(at)}
          </time>
        )}
      </div>
      <p className="small quiet">
        {worker_id === null ? (
          "worker unknown"
        ) : (
          <Link to={paths.worker(worker_id)}>{worker_name ?? `worker ${worker_id.slice(0, 8)}`}</Link>
        )}
        {claimed_at !== null && started_at === null && outcome === "open" && (
          <>
            {" "}
            · claimed it <Lasting since={claimed_at} /> ago, and has not begun
          </>
        )}
        {started_at !== null && (
          <>
            {" "}
            · {ended_at === null ? "running for" : "ran"} <Span from={started_at} to={ended_at} />
          </>
        )}
        {started_at === null && ended_at !== null && " · never began"}
      </p>
      {error !== null && error !== told && outcome !== "open" && <pre className="event-error">{error}</pre>}
    </li>
  );
};
