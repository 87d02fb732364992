import type { Worker } from "../../../protocol/index.ts";

type Named = Pick<Worker, "id" | "name">;

/** What people call it. */
export const workerName = ({ id, name }: Named): string => name ?? `worker ${id.slice(0, 8)}`;

/** What a worker is at. */
export const WorkerState = ({
  worker,
}: {
  readonly worker: Pick<Worker, "alive" | "draining" | "task_count">;
}) => {
  const [kind, word] = !worker.alive
    ? ["silent", "silent"]
    : worker.draining === true
      ? ["draining", "draining"]
      : worker.task_count > 0
        ? ["busy", "working"]
        : ["idle", "waiting for work"];
  return (
    <span className={`worker-state is-${kind}`}>
      <i className={kind === "busy" ? "dot is-busy" : "dot"} aria-hidden="true" />
      {word}
    </span>
  );
};
