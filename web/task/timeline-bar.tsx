import type { Attempt, Task } from "../../protocol/index.ts";
import { useNow } from "../design/clock.ts";
import { formatDuration, formatTime, getSecondsBetween } from "../design/duration.ts";

interface Phase {
  readonly key: string;
  readonly kind: "ahead" | "wait" | "claimed" | "run";
  readonly from: number;
  readonly to: number;
  readonly outcome?: Attempt["outcome"];
}

/** Returns the phases of a task. Their times are in seconds since the task was submitted. */
const getPhases = (task: Task, attempts: readonly Attempt[], end: number): Phase[] => {
  const at = (time: string) => Math.max(0, getSecondsBetween(task.created_at, time));
  const phases: Phase[] = [];
  let last = 0;
  // `run_at` is the time at which the latest attempt is due. If there are attempts, the time at
  // which the first of them was due is unknown.
  const due = attempts.length > 0 ? 0 : Math.min(at(task.run_at), end);
  if (due > 0.5) phases.push({ key: "ahead", kind: "ahead", from: 0, to: due });
  last = due;
  for (const { attempt, claimed_at, started_at, ended_at, outcome } of attempts) {
    const finish = ended_at === null ? end : at(ended_at);
    const claimedAt = claimed_at ?? started_at;
    const claim = claimedAt === null ? finish : at(claimedAt);
    const start = started_at === null ? finish : at(started_at);
    if (claim > last) phases.push({ key: `w${attempt}`, kind: "wait", from: last, to: claim });
    if (start > claim) phases.push({ key: `c${attempt}`, kind: "claimed", from: claim, to: start, outcome });
    if (started_at !== null)
      phases.push({ key: `r${attempt}`, kind: "run", from: start, to: finish, outcome });
    last = Math.max(last, finish);
  }
  const isWaiting = task.completed_at === null && attempts.at(-1)?.ended_at !== null;
  if ((isWaiting || attempts.length === 0) && end > last)
    phases.push({ key: "w", kind: "wait", from: last, to: end });
  return phases;
};

const LABELS = { ahead: "not due", wait: "waiting", claimed: "claimed", run: "running" } as const;

/**
 * Draws the phases of a task to scale: a thin line while it waited, and a thick line while it ran.
 * The list below the drawing contains the same information as text.
 */
export const TimelineBar = ({
  task,
  attempts,
}: {
  readonly task: Task;
  readonly attempts: readonly Attempt[];
}) => {
  const now = useNow();
  const until = task.completed_at ?? new Date(now).toISOString();
  const end = Math.max(0.001, getSecondsBetween(task.created_at, until));
  const share = (seconds: number) => `${(Math.min(seconds, end) / end) * 100}%`;
  return (
    <div className="timeline-bar" aria-hidden="true">
      <div className="timeline-track">
        {getPhases(task, attempts, end).map(({ key, kind, from, to, outcome }) => (
          <span
            key={key}
            className={`piece piece-${kind}${outcome === undefined ? "" : ` is-${outcome}`}`}
            style={{ left: share(from), width: share(to - from) }}
            title={`${LABELS[kind]} ${formatDuration(to - from)}`}
          />
        ))}
      </div>
      <div className="timeline-ends figure small quiet">
        <span>{formatTime(task.created_at)}</span>
        <span>{formatDuration(end)}</span>
        <span>{task.completed_at === null ? "now" : formatTime(until)}</span>
      </div>
    </div>
  );
};
