import type { StopReason } from "../../protocol/index.ts";
import type { HeartbeatOutcome } from "../records.ts";
import { isUuid } from "./ids.ts";
import type { WorkerStorage } from "./ports/workers.ts";
import { lockWorkerForUpdate } from "./queries/workers/end-worker.ts";
import { findWorker, findWorkerJobIds } from "./queries/workers/find-worker.ts";
import { insertWorker } from "./queries/workers/insert-worker.ts";
import { listWorkers } from "./queries/workers/list-workers.ts";
import { StatementBatcher } from "./queue/batcher.ts";
import { type Heartbeat, type HeartbeatRow, recordHeartbeats } from "./queue/statements/heartbeat.ts";
import { releaseTasks } from "./queue/statements/release-tasks.ts";
import { requeueUndelivered } from "./queue/statements/requeue-undelivered.ts";
import { removeLockedWorker } from "./remove-worker.ts";
import { formatTime, toListedWorker, toTaskRecord, toWorkerRecord } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

export const createWorkerStorage = (sessions: Sessions): WorkerStorage => {
  const heartbeats = createHeartbeatBatcher(sessions);
  return {
    async create(worker) {
      return toWorkerRecord(await sessions.run((db) => insertWorker(db, worker)));
    },

    async find(id) {
      if (!isUuid(id)) return undefined;
      const row = await sessions.run((db) => findWorker(db, id));
      return row && toWorkerRecord(row);
    },

    heartbeat: (id, tasks, claimGraceSeconds) =>
      heartbeat(sessions, heartbeats, { id, tasks, claimGraceSeconds }),

    async list(selection, window, aliveWithinSeconds) {
      const { rows, total } = await sessions.run((db) =>
        listWorkers(db, selection, window, aliveWithinSeconds),
      );
      return { items: rows.map(toListedWorker), total };
    },

    async findJobIds(id) {
      return isUuid(id) ? sessions.run((db) => findWorkerJobIds(db, id)) : [];
    },

    async release(id, taskIds) {
      const validIds = taskIds.filter(isUuid);
      if (!isUuid(id) || validIds.length === 0) return [];
      return (await sessions.run((db) => releaseTasks(db, id, validIds))).map(toTaskRecord);
    },

    async remove(id, error) {
      if (!isUuid(id)) return undefined;
      return sessions.transaction(async (db) =>
        (await lockWorkerForUpdate(db, id)) ? removeLockedWorker(db, id, error) : undefined,
      );
    },
  };
};

type HeartbeatBatcher = StatementBatcher<Heartbeat, HeartbeatRow | undefined>;

/** Maximum weight of a batch. Each heartbeat has the weight 10, plus 1 for each task that it lists. */
const MAX_BATCH_WEIGHT = 5_000;
const HEARTBEAT_WEIGHT = 10;

/** Creates the batcher of heartbeats, which combines those of several workers. */
const createHeartbeatBatcher = ({ runPrepared, measureBatches }: Sessions): HeartbeatBatcher =>
  new StatementBatcher({
    maxWeight: MAX_BATCH_WEIGHT,
    getWeight: ({ taskIds }) => HEARTBEAT_WEIGHT + taskIds.length,
    getKey: ({ workerId }) => workerId,
    run: measureBatches("heartbeat", async (calls) => {
      const rows = await runPrepared((db) => recordHeartbeats(db, calls));
      const rowsByWorker = new Map(rows.map((row) => [row.worker_id, row]));
      return calls.map(({ workerId }) => rowsByWorker.get(workerId));
    }),
  });

interface HeartbeatInput {
  readonly id: string;
  readonly tasks: readonly string[] | undefined;
  readonly claimGraceSeconds: number;
}

const heartbeat = async (
  sessions: Sessions,
  heartbeats: HeartbeatBatcher,
  { id, tasks, claimGraceSeconds }: HeartbeatInput,
) => {
  if (!isUuid(id)) return undefined;
  const taskIds = [...new Set(tasks)];
  const listedIds = [...new Set(taskIds.filter(isUuid).map((taskId) => taskId.toLowerCase()))];
  const row = await heartbeats.add({ workerId: id.toLowerCase(), taskIds: listedIds });
  if (row === undefined) return undefined;

  const stopped: { task_id: string; reason: StopReason }[] = JSON.parse(row.stop);
  const reasons = new Map(stopped.map(({ task_id, reason }) => [task_id, reason]));
  const stop = taskIds.flatMap((taskId): { taskId: string; reason: StopReason }[] => {
    const reason = isUuid(taskId) ? reasons.get(taskId.toLowerCase()) : "lost";
    return reason === undefined ? [] : [{ taskId, reason }];
  });
  const canRequeue = tasks !== undefined && row.has_unlisted_tasks && Number.isFinite(claimGraceSeconds);
  const lastHeartbeat = formatTime(row.last_heartbeat);
  const undelivered = { workerId: id, taskIds: listedIds, claimGraceSeconds, heartbeatAt: lastHeartbeat };
  const changed = canRequeue ? await sessions.run((db) => requeueUndelivered(db, undelivered)) : [];
  const outcome: HeartbeatOutcome = {
    lastHeartbeat,
    stop,
    changed: changed.map(toTaskRecord),
    isDraining: row.draining,
  };
  return outcome;
};
