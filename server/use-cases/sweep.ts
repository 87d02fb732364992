import type { Context } from "../context.ts";
import { jobsChanged, tasksTaken, told } from "./outcome.ts";

/** Rows that one statement of a sweep takes: no lock is held for long. */
const BATCH = 100;
const RETENTION_BATCH = 500;

type Ports = Pick<Context, "storage" | "bus" | "settings" | "log" | "owners" | "parked">;

/** How much a sweep found to do. */
export interface Swept {
  workers: number;
  tasks: number;
  jobs: number;
  deleted: number;
}

const sweepWorkers = async (
  ports: Ports,
  { swept, mayEndWorkers }: { readonly swept: Swept; readonly mayEndWorkers: () => boolean },
): Promise<void> => {
  const { storage, settings, log } = ports;
  const threshold = settings.worker_timeout_threshold;
  const failed = new Set<string>();
  for (;;) {
    const stale = await storage.sweep.staleWorkers(threshold, BATCH + failed.size);
    const ids = stale.filter((id) => !failed.has(id));
    for (const id of ids) {
      if (!mayEndWorkers()) return;
      try {
        // One transaction each: a row that cannot be ended does not keep the others.
        const end = await storage.sweep.takeStaleWorker(id, threshold, `worker ${id} stopped responding`);
        failed.add(id);
        if (end === undefined) continue;
        ports.owners.forget(id);
        ports.parked.refresh(id);
        swept.workers += 1;
        swept.tasks += end.tasks.length;
        swept.jobs += end.removedJobs.length;
        told(ports, { value: null, events: [...tasksTaken(end.tasks, id), ...jobsChanged(end.rooms)] });
      } catch (error) {
        failed.add(id);
        log.error({ err: error, workerId: id }, "a dead worker could not be swept");
      }
    }
    if (ids.length < BATCH) return;
  }
};

/** Running tasks over their time fail or are tried again; how many. */
export const sweepOverdueTasks = async (ports: Ports): Promise<number> => {
  let count = 0;
  for (;;) {
    const records = await ports.storage.sweep.endOverdueTasks(BATCH);
    told(ports, { value: null, events: tasksTaken(records) });
    count += records.length;
    if (records.length < BATCH) return count;
  }
};

const sweepJobs = async (ports: Ports): Promise<number> => {
  let count = 0;
  for (;;) {
    const removed = await ports.storage.sweep.removeIdleJobs(BATCH);
    told(ports, { value: null, events: jobsChanged(removed.map(({ roomId }) => roomId)) });
    count += removed.length;
    if (removed.length < BATCH) return count;
  }
};

const sweepOldTasks = async ({ storage, settings }: Ports): Promise<number> => {
  const days = settings.task_retention_days;
  if (days === undefined) return 0;
  let count = 0;
  for (;;) {
    const deleted = await storage.sweep.deleteOldTasks(days, RETENTION_BATCH);
    count += deleted;
    if (deleted < RETENTION_BATCH) return count;
  }
};

/** Finds dead workers, tasks over their time, jobs that nobody is there for, and old tasks; undefined where another server sweeps. */
export const sweep = async (
  ports: Ports,
  { mayEndWorkers }: { readonly mayEndWorkers: () => boolean },
): Promise<Swept | undefined> => {
  const swept: Swept = { workers: 0, tasks: 0, jobs: 0, deleted: 0 };
  const isMine = await ports.storage.sweep.exclusively(async () => {
    if (mayEndWorkers()) await sweepWorkers(ports, { swept, mayEndWorkers });
    swept.tasks += await sweepOverdueTasks(ports);
    swept.jobs += await sweepJobs(ports);
    swept.deleted = await sweepOldTasks(ports);
  });
  return isMine ? swept : undefined;
};
