import type { Task } from "../../protocol/index.ts";

/**
 * Shows the progress of a running task. The bar is indeterminate if the task reports no progress.
 */
export const ProgressBar = ({ task }: { readonly task: Task }) => {
  if (task.status !== "running") return null;
  const { fraction, message } = task.progress ?? {};
  const percent = fraction === undefined ? undefined : Math.round(fraction * 100);
  return (
    <div className="progress">
      <div
        className={percent === undefined ? "progress-track is-unknown" : "progress-track"}
        role="progressbar"
        aria-label="Progress"
        aria-valuemin={0}
        aria-valuemax={100}
        {...(percent !== undefined && { "aria-valuenow": percent })}
      >
        <span style={{ width: `${percent ?? 30}%` }} />
      </div>
      <p className="small quiet">
        {percent !== undefined && <span className="figure">{percent} %</span>}
        {percent !== undefined && message !== undefined && " · "}
        {message}
      </p>
    </div>
  );
};
