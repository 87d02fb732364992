import type { Worker } from "../../../protocol/index.ts";

type Named = Pick<Worker, "id" | "name">;

/**
 * Returns the name of a worker. For a worker without a name, returns “worker” and the beginning of
 * its id.
 */
export const getWorkerName = ({ id, name }: Named): string => name ?? `worker ${id.slice(0, 8)}`;

export const WorkerState = ({
  worker,
}: {
  readonly worker: Pick<Worker, "online" | "draining" | "task_count">;
}) => {
  const [kind, label] = !worker.online
    ? ["offline", "offline"]
    : worker.draining === true
      ? ["draining", "draining"]
      : worker.task_count > 0
        ? ["busy", "busy"]
        : ["idle", "idle"];
  return (
    <span className={`worker-state is-${kind}`}>
      <i className={kind === "busy" ? "dot is-busy" : "dot"} aria-hidden="true" />
      {label}
    </span>
  );
};
