import type { Context } from "../context.ts";
import type { TaskRecord } from "../storage/storage.ts";
import { StorageUnavailable } from "../storage/storage-unavailable.ts";
import { createJobsChangedEvents, createRequeueEvents, publishEvents } from "./events.ts";

/** Rows that one statement of a sweep takes: no lock is held for long. */
const BATCH = 100;
const RETENTION_BATCH = 500;

type Ports = Pick<Context, "storage" | "bus" | "settings" | "log" | "owners" | "waitingClaims" | "meter">;

/** How much a sweep found to do. */
export interface SweepResult {
  workers: number;
  tasks: number;
  jobs: number;
  deleted: number;
}

const sweepWorkers = async (
  ports: Ports,
  {
    swept,
    canEndWorkers: mayEndWorkers,
  }: { readonly swept: SweepResult; readonly canEndWorkers: () => boolean },
): Promise<void> => {
  const { storage, settings, log } = ports;
  const threshold = settings.worker_timeout_threshold;
  const failed = new Set<string>();
  for (;;) {
    const stale = await storage.sweep.findStaleWorkers(threshold, BATCH + failed.size);
    const ids = stale.filter((id) => !failed.has(id));
    for (const id of ids) {
      if (!mayEndWorkers()) return;
      try {
        // One transaction each: a row that cannot be ended does not keep the others.
        const end = await storage.sweep.removeStaleWorker(id, threshold, `worker ${id} stopped responding`);
        failed.add(id);
        if (end === undefined) continue;
        ports.owners.forget(id);
        ports.waitingClaims.refresh(id);
        swept.workers += 1;
        swept.tasks += end.tasks.length;
        ports.meter.transitioned(end.tasks, "lost");
        swept.jobs += end.removedJobs.length;
        publishEvents(ports, {
          value: null,
          events: [...createRequeueEvents(end.tasks, id), ...createJobsChangedEvents(end.rooms)],
        });
      } catch (error) {
        if (error instanceof StorageUnavailable) throw error;
        failed.add(id);
        log.error({ err: error, workerId: id }, "a dead worker could not be swept");
      }
    }
    if (ids.length < BATCH) return;
  }
};

/** A batch of them; where one cannot be ended each on its own, so that it does not keep the others. */
const endOverdue = async ({ storage, log }: Ports, bad: Set<string>): Promise<readonly TaskRecord[]> => {
  try {
    return await storage.sweep.endOverdueTasks(BATCH);
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
  }
  const ended: TaskRecord[] = [];
  for (const id of await storage.sweep.findOverdueTasks(BATCH)) {
    if (bad.has(id)) continue;
    try {
      ended.push(...(await storage.sweep.endOverdueTasks(1, id)));
    } catch (error) {
      if (error instanceof StorageUnavailable) throw error;
      bad.add(id);
      log.error({ err: error, taskId: id }, "a task over its time could not be ended");
    }
  }
  return ended;
};

/** Running tasks over their time fail or are tried again; how many. `bad`: those that could not be, which are left alone. */
export const sweepOverdueTasks = async (ports: Ports, bad = new Set<string>()): Promise<number> => {
  let count = 0;
  for (;;) {
    const records = await endOverdue(ports, bad);
    ports.meter.transitioned(records, "timed_out");
    publishEvents(ports, { value: null, events: createRequeueEvents(records) });
    count += records.length;
    if (records.length < BATCH) return count;
  }
};

const sweepJobs = async (ports: Ports): Promise<number> => {
  let count = 0;
  for (;;) {
    const removed = await ports.storage.sweep.removeIdleJobs(BATCH);
    publishEvents(ports, {
      value: null,
      events: createJobsChangedEvents(removed.map(({ roomId }) => roomId)),
    });
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

/** A part of a sweep, which does not keep the parts behind it. */
const part = async ({ log }: Ports, work: () => Promise<number>): Promise<number> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
    log.error({ err: error }, "a part of the sweep could not be done");
    return 0;
  }
};

/** Finds dead workers, tasks over their time, jobs that nobody is there for, and old tasks; undefined where another server sweeps. */
export const sweep = async (
  ports: Ports,
  {
    canEndWorkers: mayEndWorkers,
    bad,
  }: { readonly canEndWorkers: () => boolean; readonly bad?: Set<string> },
): Promise<SweepResult | undefined> => {
  const swept: SweepResult = { workers: 0, tasks: 0, jobs: 0, deleted: 0 };
  const isMine = await ports.storage.sweep.runExclusively(async () => {
    if (mayEndWorkers()) await sweepWorkers(ports, { swept, canEndWorkers: mayEndWorkers });
    swept.tasks += await part(ports, () => sweepOverdueTasks(ports, bad));
    swept.jobs += await part(ports, () => sweepJobs(ports));
    swept.deleted = await part(ports, () => sweepOldTasks(ports));
    await part(ports, () => ports.storage.sweep.vacuum());
  });
  return isMine ? swept : undefined;
};
