import { isUuid } from "./ids.ts";
import type { WorkerStorage } from "./ports/workers.ts";
import { lockWorkerForUpdate, removeLockedWorker } from "./queries/workers/remove-worker.ts";
import { findWorker, findWorkerJobIds, insertWorker, listWorkers } from "./queries/workers/workers.ts";
import type { Sessions } from "./sessions/sessions.ts";

export const createWorkerStorage = (sessions: Sessions): WorkerStorage => ({
  async create(worker) {
    return sessions.run((db) => insertWorker(db, worker));
  },

  async find(id) {
    return isUuid(id) ? sessions.run((db) => findWorker(db, id)) : undefined;
  },

  async list(selection, window, aliveWithinSeconds) {
    const { rows, total } = await sessions.run((db) =>
      listWorkers(db, selection, window, aliveWithinSeconds),
    );
    return { items: rows, total };
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
