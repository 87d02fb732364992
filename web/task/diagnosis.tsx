import { useQuery } from "@tanstack/react-query";
import { isTerminal, type Task } from "../../protocol/index.ts";
import { reading, taskScope } from "../api/queries.ts";

/** While it waits its place changes without a word of its own. */
const EVERY_MS = 3000;

/** Why a task is not running, in the server's one sentence; nothing once it runs. */
export const Diagnosis = ({ task }: { readonly task: Task }) => {
  const isWaiting = task.status === "pending" || task.status === "claimed";
  const { data } = useQuery({
    ...reading("diagnoseTask", { params: { task_id: task.id } }, taskScope(task.id)),
    enabled: !isTerminal(task.status),
    refetchInterval: isWaiting ? EVERY_MS : false,
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
              <dt>Place in the queue</dt>
              <dd className="figure">{data.queue_position > 1000 ? "beyond 1,000" : data.queue_position}</dd>
            </div>
          )}
          <div>
            <dt>Workers that could take it</dt>
            <dd className="figure">
              {data.workers === 0 ? "none online" : `${data.busy_workers} of ${data.workers} busy`}
            </dd>
          </div>
        </dl>
      )}
    </div>
  );
};
