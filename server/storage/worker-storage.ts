import type { StopReason } from "../../protocol/index.ts";
import { type BatchedCall, createBatcher } from "./batcher.ts";
import { isUuid } from "./ids.ts";
import { lockWorkerForUpdate } from "./queries/end-worker.ts";
import { findWorker, findWorkerJobIds } from "./queries/find-worker.ts";
import { type HeartbeatRow, type Heartbeat as NamedBeat, recordHeartbeats } from "./queries/heartbeat.ts";
import { insertWorker } from "./queries/insert-worker.ts";
import { listWorkers } from "./queries/list-workers.ts";
import { releaseTasks } from "./queries/release-tasks.ts";
import { requeueUndelivered } from "./queries/requeue-undelivered.ts";
import { removeLockedWorker } from "./remove-worker.ts";
import { formatTime, toListedWorker, toTaskRecord, toWorkerRecord } from "./rows.ts";
import type { Sessions } from "./sessions.ts";
import type { HeartbeatOutcome, WorkerStorage } from "./storage.ts";

/** The workers' part of the storage. */
export const createWorkerStorage = (sessions: Sessions): WorkerStorage => {
  const join = joinBeats(sessions);
  return {
    async create(worker) {
      return toWorkerRecord(await sessions.run((db) => insertWorker(db, worker)));
    },

    async find(id) {
      if (!isUuid(id)) return undefined;
      const row = await sessions.run((db) => findWorker(db, id));
      return row && toWorkerRecord(row);
    },

    heartbeat: (id, tasks, claimGraceSeconds) => beat(sessions, join, { id, tasks, claimGraceSeconds }),

    async list(of, window, aliveWithinSeconds) {
      const { rows, total } = await sessions.run((db) => listWorkers(db, of, window, aliveWithinSeconds));
      return { items: rows.map(toListedWorker), total };
    },

    async jobIds(id) {
      return isUuid(id) ? sessions.run((db) => findWorkerJobIds(db, id)) : [];
    },

    async release(id, taskIds) {
      const possible = taskIds.filter(isUuid);
      if (!isUuid(id) || possible.length === 0) return [];
      return (await sessions.run((db) => releaseTasks(db, id, possible))).map(toTaskRecord);
    },

    async remove(id, error) {
      if (!isUuid(id)) return undefined;
      return sessions.transaction(async (db) =>
        (await lockWorkerForUpdate(db, id)) ? removeLockedWorker(db, id, error) : undefined,
      );
    },
  };
};

type JoinBeats = BatchedCall<NamedBeat, HeartbeatRow | undefined>;

/** Named tasks of one statement; a worker that names none weighs as much as ten. */
const MOST_NAMED = 5_000;

/** Heartbeats of many workers share a statement. */
const joinBeats = ({ runPrepared: hot, measureBatches: counted }: Sessions): JoinBeats =>
  createBatcher({
    most: MOST_NAMED,
    weightOf: ({ taskIds: named }) => 10 + named.length,
    keyOf: ({ workerId }) => workerId,
    run: counted("heartbeat", async (beats) => {
      const rows = await hot((db) => recordHeartbeats(db, beats));
      const told = new Map(rows.map((row) => [row.worker_id, row]));
      return beats.map(({ workerId }) => told.get(workerId));
    }),
  });

interface Heartbeat {
  readonly id: string;
  readonly tasks: readonly string[] | undefined;
  readonly claimGraceSeconds: number;
}

const beat = async (sessions: Sessions, join: JoinBeats, { id, tasks, claimGraceSeconds }: Heartbeat) => {
  if (!isUuid(id)) return undefined;
  const all = [...new Set(tasks)];
  const named = [...new Set(all.filter(isUuid).map((taskId) => taskId.toLowerCase()))];
  const found = await join({ workerId: id.toLowerCase(), taskIds: named });
  if (found === undefined) return undefined;

  const told: { task_id: string; reason: StopReason }[] = JSON.parse(found.stop);
  const reasons = new Map(told.map(({ task_id, reason }) => [task_id, reason]));
  const stop = all.flatMap((taskId): { taskId: string; reason: StopReason }[] => {
    const reason = isUuid(taskId) ? reasons.get(taskId.toLowerCase()) : "lost";
    return reason === undefined ? [] : [{ taskId, reason }];
  });
  const mayPutBack = tasks !== undefined && found.has_unlisted_tasks && Number.isFinite(claimGraceSeconds);
  const lastHeartbeat = formatTime(found.last_heartbeat);
  const unreceived = { workerId: id, taskIds: named, claimGraceSeconds, heartbeatAt: lastHeartbeat };
  const changed = mayPutBack ? await sessions.run((db) => requeueUndelivered(db, unreceived)) : [];
  const outcome: HeartbeatOutcome = {
    lastHeartbeat,
    stop,
    changed: changed.map(toTaskRecord),
    isDraining: found.draining,
  };
  return outcome;
};
