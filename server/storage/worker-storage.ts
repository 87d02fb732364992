import { isUuid } from "./ids.ts";
import type { WorkerStorage } from "./ports/workers.ts";
import { lockWorkerForUpdate } from "./queries/workers/end-worker.ts";
import { findWorker, findWorkerJobIds } from "./queries/workers/find-worker.ts";
import { insertWorker } from "./queries/workers/insert-worker.ts";
import { listWorkers } from "./queries/workers/list-workers.ts";
import { removeLockedWorker } from "./remove-worker.ts";
import { toListedWorker, toWorkerRecord } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

export const createWorkerStorage = (sessions: Sessions): WorkerStorage => ({
  async create(worker) {
    return toWorkerRecord(await sessions.run((db) => insertWorker(db, worker)));
  },

  async find(id) {
    if (!isUuid(id)) return undefined;
    const row = await sessions.run((db) => findWorker(db, id));
    return row && toWorkerRecord(row);
  },

  async list(selection, window, aliveWithinSeconds) {
    const { rows, total } = await sessions.run((db) =>
      listWorkers(db, selection, window, aliveWithinSeconds),
    );
    return { items: rows.map(toListedWorker), total };
  },

  async findJobIds(id) {
    return isUuid(id) ? sessions.run((db) => findWorkerJobIds(db, id)) : [];
  },

  async remove(id, error) {
    if (!isUuid(id)) return undefined;
    return sessions.transaction(async (db) =>
      (await lockWorkerForUpdate(db, id)) ? removeLockedWorker(db, id, error) : undefined,
    );
  },
});
