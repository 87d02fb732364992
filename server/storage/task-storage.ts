import { createClaim } from "./claim.ts";
import { HeartbeatThrottle } from "./heartbeat-throttle.ts";
import { isUuid } from "./ids.ts";
import { createInsert } from "./insert.ts";
import { JobAddressCache } from "./job-address-cache.ts";
import { JobSetCache } from "./job-set-cache.ts";
import { createPayloadCache } from "./payload-cache.ts";
import { countDueTasks, getSecondsUntilDue } from "./queries/due-tasks.ts";
import { findTask, findTasks } from "./queries/find-task.ts";
import { findWorkerJobSet } from "./queries/find-worker.ts";
import { listTaskIds, listTasks } from "./queries/list-tasks.ts";
import { reportProgress } from "./queries/report-progress.ts";
import { retryTasks } from "./queries/retry-tasks.ts";
import { unclaimTasks } from "./queries/unclaim-tasks.ts";
import { type TaskRow, toTaskRecord } from "./rows.ts";
import type { Sessions } from "./sessions.ts";
import type { TaskStorage } from "./storage.ts";
import type { TaskSelection } from "./task-lists.ts";
import { createCompletions, createTransition } from "./transition.ts";

const recordOf = (row: TaskRow | undefined) => row && toTaskRecord(row);

/** True where a step names ids that a row can have at all. */
const isPossible = ({ id, workerId }: { id: string; workerId?: string }): boolean =>
  isUuid(id) && (workerId === undefined || isUuid(workerId));

/** Ids that no row can have are left out. */
const possible = (of: TaskSelection): TaskSelection => ({
  ...of,
  ...(of.ids && { ids: of.ids.filter(isUuid) }),
  ...(of.jobIds && { jobIds: of.jobIds.filter(isUuid) }),
});

/** The tasks' part of the storage. */
export const createTaskStorage = (sessions: Sessions): TaskStorage => {
  const insert = createInsert(sessions);
  const jobSets = new JobSetCache();
  const payloads = createPayloadCache();
  const jobAddresses = new JobAddressCache(sessions);
  const signsOfLife = new HeartbeatThrottle();
  const claim = createClaim(sessions, { jobSets, jobAddresses, payloads, heartbeatThrottle: signsOfLife });
  const transition = createTransition(sessions, payloads);
  const completions = createCompletions(sessions, { payloads, heartbeatThrottle: signsOfLife });
  const retryMany = async (ids: readonly string[]) =>
    (await sessions.run((db) => retryTasks(db, ids.filter(isUuid)))).map(toTaskRecord);
  return {
    insert,

    async find(id, options = {}) {
      if (!isUuid(id)) return undefined;
      return recordOf(await sessions.runPrepared((db) => findTask(db, id, options.queuePosition === true)));
    },

    async findMany(ids) {
      const rows = await sessions.run((db) => findTasks(db, ids.filter(isUuid)));
      return rows.map(toTaskRecord);
    },

    async list(of, window) {
      if (window.after !== undefined && !isUuid(window.after)) return undefined;
      const listed = await sessions.run((db) => listTasks(db, possible(of), window));
      if (listed === undefined) return undefined;
      const { rows, total, searchedTo } = listed;
      return { items: rows.map(toTaskRecord), total, searchedTo };
    },

    async select(of, window) {
      if (window.after !== undefined && !isUuid(window.after)) return undefined;
      return sessions.run((db) => listTaskIds(db, possible(of), window));
    },

    claim: (workerId, limit, start, isGone) =>
      isUuid(workerId) ? claim({ workerId, limit, start }, isGone) : Promise.resolve(undefined),

    async getLinkedJobIds(workerId) {
      const known = jobSets.of(workerId);
      if (known !== undefined || !isUuid(workerId)) return known?.jobIds ?? [];
      const [set] = await sessions.runPrepared((db) => findWorkerJobSet(db, workerId));
      return set === undefined
        ? []
        : jobSets.remember(workerId, { key: set.key, jobIds: JSON.parse(set.jobIds) }).jobIds;
    },

    async getSecondsUntilDue(jobIds) {
      const possible = jobIds.filter(isUuid);
      return possible.length === 0
        ? undefined
        : sessions.runPrepared((db) => getSecondsUntilDue(db, possible));
    },

    async countDue(jobIds, cap) {
      const rows = await sessions.runPrepared((db) => countDueTasks(db, jobIds.filter(isUuid), cap));
      return new Map(rows.map(({ id, waiting }) => [id, waiting]));
    },

    transition: (step) => (isPossible(step) ? transition(step) : Promise.resolve(undefined)),

    complete: async (wanted) =>
      wanted.every(isPossible) ? completions(wanted) : wanted.map(() => undefined),

    async report(step) {
      if (!isPossible(step)) return undefined;
      return recordOf(await sessions.runPrepared((db) => reportProgress(db, step)));
    },

    retry: async (id) => (await retryMany([id]))[0],

    retryMany,

    async unclaim(claims) {
      const possible = claims.filter(({ id }) => isUuid(id));
      if (possible.length === 0) return [];
      return (await sessions.run((db) => unclaimTasks(db, possible))).map(toTaskRecord);
    },
  };
};
