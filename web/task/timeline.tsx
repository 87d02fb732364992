import { useQuery } from "@tanstack/react-query";
import type { Task } from "../../protocol/index.ts";
import { readQuery, taskScope } from "../api/queries.ts";
import { formatDateTime, formatDuration, getSecondsBetween } from "../design/duration.ts";
import { Problem } from "../design/notice.tsx";
import { AttemptItem } from "./attempt-item.tsx";
import { LateResults } from "./late-results.tsx";
import { TimelineBar } from "./timeline-bar.tsx";

const Submitted = ({ task }: { readonly task: Task }) => {
  const delay = getSecondsBetween(task.created_at, task.run_at);
  return (
    <li className="event">
      <div className="event-head">
        <strong>Submitted</strong>
        <time className="quiet small" dateTime={task.created_at}>
          {formatDateTime(task.created_at)}
        </time>
      </div>
      <p className="small quiet">
        {task.created_by_id === null ? "by an unknown user" : `by ${task.created_by_id}`}
        {delay > 1 &&
          task.runs === 0 &&
          ` · scheduled for ${formatDateTime(task.run_at)} (${formatDuration(delay)} later)`}
      </p>
    </li>
  );
};

/** Shows the history of a task, as a drawing to scale and as text. */
export const Timeline = ({ task }: { readonly task: Task }) => {
  const attempts = useQuery(readQuery("listAttempts", { params: { task_id: task.id } }, taskScope(task.id)));
  const items = attempts.data?.items ?? [];
  return (
    <>
      <TimelineBar task={task} attempts={items} />
      {attempts.isError && <Problem error={attempts.error} />}
      <ol className="events">
        <Submitted task={task} />
        {items.map((attempt) => (
          <AttemptItem key={attempt.attempt} entry={attempt} shownError={task.error} />
        ))}
        {task.status === "cancelled" && items.length === 0 && task.completed_at !== null && (
          <li className="event is-cancelled">
            <div className="event-head">
              <strong>Cancelled</strong>
              <time className="quiet small" dateTime={task.completed_at}>
                {formatDateTime(task.completed_at)}
              </time>
            </div>
            <p className="small quiet">before a worker claimed it</p>
          </li>
        )}
      </ol>
      {items.some(({ late_result }) => late_result) && <LateResults task={task} />}
    </>
  );
};
