import { isUuid } from "./ids.ts";
import type { TaskSelection, TaskStorage } from "./ports/tasks.ts";
import { countDueTasks, getSecondsUntilDue } from "./queries/tasks/due-tasks.ts";
import { findTask, findTasks } from "./queries/tasks/find-task.ts";
import { listTaskIds, listTasks } from "./queries/tasks/list-tasks.ts";
import { retryTasks } from "./queries/tasks/retry-tasks.ts";
import { findWorkerJobSet } from "./queries/workers/find-worker.ts";
import { createClaim } from "./queue/claim.ts";
import { HeartbeatThrottle } from "./queue/heartbeat-throttle.ts";
import { createInsert } from "./queue/insert.ts";
import { JobAddressCache } from "./queue/job-address-cache.ts";
import { JobSetCache } from "./queue/job-set-cache.ts";
import { createPayloadCache } from "./queue/payload-cache.ts";
import { reportProgress } from "./queue/statements/report-progress.ts";
import { unclaimTasks } from "./queue/statements/unclaim-tasks.ts";
import { createCompletions, createTransition } from "./queue/transition.ts";
import { type TaskRow, toTaskRecord } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

const toRecord = (row: TaskRow | undefined) => row && toTaskRecord(row);

/** Returns true if the ids of a transition are UUIDs. Other ids cannot match any row. */
const hasValidIds = ({ id, workerId }: { id: string; workerId?: string }): boolean =>
  isUuid(id) && (workerId === undefined || isUuid(workerId));

/** Removes ids that are not UUIDs, because they cannot match any row. */
const removeInvalidIds = (selection: TaskSelection): TaskSelection => ({
  ...selection,
  ...(selection.ids && { ids: selection.ids.filter(isUuid) }),
  ...(selection.jobIds && { jobIds: selection.jobIds.filter(isUuid) }),
});

export const createTaskStorage = (sessions: Sessions): TaskStorage => {
  const insert = createInsert(sessions);
  const jobSets = new JobSetCache();
  const payloads = createPayloadCache();
  const jobAddresses = new JobAddressCache(sessions);
  const heartbeatThrottle = new HeartbeatThrottle();
  const claim = createClaim(sessions, { jobSets, jobAddresses, payloads, heartbeatThrottle });
  const transition = createTransition(sessions, payloads);
  const completionBatcher = createCompletions(sessions, { payloads, heartbeatThrottle });
  const retryMany = async (ids: readonly string[]) =>
    (await sessions.run((db) => retryTasks(db, ids.filter(isUuid)))).map(toTaskRecord);
  return {
    insert,

    async find(id, options = {}) {
      if (!isUuid(id)) return undefined;
      return toRecord(await sessions.runPrepared((db) => findTask(db, id, options.queuePosition === true)));
    },

    async findMany(ids) {
      const rows = await sessions.run((db) => findTasks(db, ids.filter(isUuid)));
      return rows.map(toTaskRecord);
    },

    async list(selection, window) {
      if (window.after !== undefined && !isUuid(window.after)) return undefined;
      const listed = await sessions.run((db) => listTasks(db, removeInvalidIds(selection), window));
      if (listed === undefined) return undefined;
      const { rows, total, searchedTo } = listed;
      return { items: rows.map(toTaskRecord), total, searchedTo };
    },

    async select(selection, window) {
      if (window.after !== undefined && !isUuid(window.after)) return undefined;
      return sessions.run((db) => listTaskIds(db, removeInvalidIds(selection), window));
    },

    claim: (workerId, limit, start, isGone) =>
      isUuid(workerId) ? claim({ workerId, limit, start }, isGone) : Promise.resolve(undefined),

    async getLinkedJobIds(workerId) {
      const cached = jobSets.get(workerId);
      if (cached !== undefined || !isUuid(workerId)) return cached?.jobIds ?? [];
      const [set] = await sessions.runPrepared((db) => findWorkerJobSet(db, workerId));
      return set === undefined
        ? []
        : jobSets.set(workerId, { key: set.key, jobIds: JSON.parse(set.jobIds) }).jobIds;
    },

    async getSecondsUntilDue(jobIds) {
      const validIds = jobIds.filter(isUuid);
      return validIds.length === 0
        ? undefined
        : sessions.runPrepared((db) => getSecondsUntilDue(db, validIds));
    },

    async countDue(jobIds, cap) {
      const rows = await sessions.runPrepared((db) => countDueTasks(db, jobIds.filter(isUuid), cap));
      return new Map(rows.map(({ id, waiting }) => [id, waiting]));
    },

    transition: (step) => (hasValidIds(step) ? transition(step) : Promise.resolve(undefined)),

    complete: async (completions) =>
      completions.every(hasValidIds) ? completionBatcher.add(completions) : completions.map(() => undefined),

    async reportProgress(step) {
      if (!hasValidIds(step)) return undefined;
      return toRecord(await sessions.runPrepared((db) => reportProgress(db, step)));
    },

    retry: async (id) => (await retryMany([id]))[0],

    retryMany,

    async unclaim(claims) {
      const validClaims = claims.filter(({ id }) => isUuid(id));
      if (validClaims.length === 0) return [];
      return (await sessions.run((db) => unclaimTasks(db, validClaims))).map(toTaskRecord);
    },
  };
};
