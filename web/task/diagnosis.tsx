import { useQuery } from "@tanstack/react-query";
import { isTerminal, type Task } from "../../protocol/index.ts";
import { readQuery, taskScope } from "../api/queries.ts";

/**
 * Poll interval in milliseconds. The diagnosis is polled, because no event reports changes of the
 * queue position.
 */
const POLL_INTERVAL_MS = 3000;

/**
 * Explains why a task is not running. Shows nothing while the task is running or after it has
 * ended.
 */
export const Diagnosis = ({ task }: { readonly task: Task }) => {
  const isWaiting = task.status === "pending" || task.status === "claimed";
  const { data } = useQuery({
    ...readQuery("diagnoseTask", { params: { task_id: task.id } }, taskScope(task.id)),
    enabled: !isTerminal(task.status),
    refetchInterval: isWaiting ? POLL_INTERVAL_MS : false,
    staleTime: 0,
  });
  if (!isWaiting) return null;
  return (
    <div className="diagnosis" aria-live="polite">
      <p className="eyebrow">Why is it not running?</p>
      <p className="diagnosis-sentence">{data?.sentence ?? "…"}</p>
      {data !== undefined && (
        <dl className="facts">
          {data.queue_position !== null && (
            <div>
              <dt>Queue position</dt>
              <dd className="figure">{data.queue_position > 1000 ? "beyond 1,000" : data.queue_position}</dd>
            </div>
          )}
          <div>
            <dt>Workers for this job</dt>
            <dd className="figure">
              {data.workers === 0 ? "none online" : `${data.busy_workers} of ${data.workers} busy`}
            </dd>
          </div>
        </dl>
      )}
    </div>
  );
};
