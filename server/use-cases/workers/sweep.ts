import type { Context } from "../../context.ts";
import type { SweepResult } from "../../ports.ts";
import type { TaskRecord } from "../../records.ts";
import { StorageUnavailable } from "../../storage/sessions/storage-errors.ts";
import { announceRemoval, createJobsChangedEvents, createRequeueEvents, publish } from "../events.ts";
import { sweepFiles } from "../files/sweep-files.ts";

/** Maximum number of rows per statement of a sweep, so that rows are locked only briefly. */
const BATCH_SIZE = 100;
const RETENTION_BATCH_SIZE = 500;

type Ports = Pick<
  Context,
  "storage" | "bus" | "settings" | "log" | "owners" | "waitingClaims" | "reads" | "meter" | "fileContents"
>;

/** Runs one sweep. Returns undefined if another server is sweeping. */
export async function sweep(
  ports: Ports,
  {
    canRemoveWorkers,
    failedIds,
  }: { readonly canRemoveWorkers: () => boolean; readonly failedIds?: Set<string> },
): Promise<SweepResult | undefined> {
  const result: SweepResult = { workers: 0, tasks: 0, jobs: 0, deleted: 0 };
  const hasLock = await ports.storage.sweep.runExclusively(async () => {
    if (canRemoveWorkers()) await sweepWorkers(ports, result, canRemoveWorkers);
    result.tasks += await runStep(ports, () => sweepOverdueTasks(ports, failedIds));
    result.jobs += await runStep(ports, () => sweepJobs(ports));
    await runStep(ports, () => sweepProviders(ports));
    result.deleted = await runStep(ports, () => sweepOldTasks(ports));
    await runStep(ports, () => sweepFiles(ports, BATCH_SIZE));
    await runStep(ports, () => ports.storage.sweep.vacuum());
  });
  return hasLock ? result : undefined;
}

/** Runs a step. If it fails, the next steps still run, unless the database is unavailable. */
async function runStep({ log }: Ports, step: () => Promise<number>): Promise<number> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
    log.error({ err: error }, "a step of the sweep failed");
    return 0;
  }
}

/** Runs batches until one is not full. Returns the total number of rows. */
async function runBatches(size: number, runBatch: () => Promise<number>): Promise<number> {
  for (let total = 0; ; ) {
    const count = await runBatch();
    total += count;
    if (count < size) return total;
  }
}

async function sweepWorkers(
  ports: Ports,
  result: SweepResult,
  canRemoveWorkers: () => boolean,
): Promise<void> {
  const { storage, settings, log } = ports;
  const threshold = settings.worker_timeout_seconds;
  const handled = new Set<string>();
  for (;;) {
    const stale = await storage.sweep.findStaleWorkers(threshold, BATCH_SIZE + handled.size);
    const ids = stale.filter((id) => !handled.has(id));
    for (const id of ids) {
      if (!canRemoveWorkers()) return;
      try {
        // Each worker has its own transaction, so that a failure does not affect the other workers.
        const end = await storage.sweep.removeStaleWorker(id, threshold, `worker ${id} stopped responding`);
        handled.add(id);
        if (end === undefined) continue;
        result.workers += 1;
        result.tasks += end.tasks.length;
        result.jobs += end.removedJobs.length;
        announceRemoval(ports, id, end);
      } catch (error) {
        if (error instanceof StorageUnavailable) throw error;
        handled.add(id);
        log.error({ err: error, workerId: id }, "failed to remove a dead worker");
      }
    }
    if (ids.length < BATCH_SIZE) return;
  }
}

/**
 * Ends running tasks that exceeded `timeout_seconds`: they fail, or are pending again if attempts
 * are left. Returns their number. Tasks that cannot be ended are added to `failedIds` and skipped.
 */
export function sweepOverdueTasks(ports: Ports, failedIds = new Set<string>()): Promise<number> {
  return runBatches(BATCH_SIZE, async () => {
    const records = await endOverdueTasks(ports, failedIds);
    ports.meter.transitioned(records, "timed_out");
    publish(ports, createRequeueEvents(records));
    return records.length;
  });
}

/** Ends overdue tasks in one statement. If it fails, ends them one by one, to skip invalid rows. */
async function endOverdueTasks(
  { storage, log }: Ports,
  failedIds: Set<string>,
): Promise<readonly TaskRecord[]> {
  try {
    return await storage.sweep.endOverdueTasks(BATCH_SIZE);
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
  }
  const ended: TaskRecord[] = [];
  for (const id of await storage.sweep.findOverdueTasks(BATCH_SIZE)) {
    if (failedIds.has(id)) continue;
    try {
      ended.push(...(await storage.sweep.endOverdueTasks(1, id)));
    } catch (error) {
      if (error instanceof StorageUnavailable) throw error;
      failedIds.add(id);
      log.error({ err: error, taskId: id }, "failed to end a task that exceeded its timeout");
    }
  }
  return ended;
}

function sweepJobs(ports: Ports): Promise<number> {
  return runBatches(BATCH_SIZE, async () => {
    const removed = await ports.storage.sweep.removeIdleJobs(BATCH_SIZE);
    publish(ports, createJobsChangedEvents(removed.map(({ roomId }) => roomId)));
    return removed.length;
  });
}

function sweepProviders(ports: Ports): Promise<number> {
  return runBatches(BATCH_SIZE, async () => {
    const rooms = await ports.storage.providers.removeUnused(BATCH_SIZE);
    publish(ports, createJobsChangedEvents(rooms));
    return rooms.length;
  });
}

async function sweepOldTasks({ storage, settings }: Ports): Promise<number> {
  const days = settings.task_retention_days;
  if (days === undefined) return 0;
  return runBatches(RETENTION_BATCH_SIZE, () => storage.sweep.deleteOldTasks(days, RETENTION_BATCH_SIZE));
}
