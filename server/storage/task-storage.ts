import { createClaim } from "./claim.ts";
import { HeartbeatThrottle } from "./heartbeat-throttle.ts";
import { isUuid } from "./ids.ts";
import { createInsert } from "./insert.ts";
import { JobAddresses } from "./job-addresses.ts";
import { JobSets } from "./job-sets.ts";
import { createPayloads } from "./payloads.ts";
import { countDueTasks, getSecondsUntilDue } from "./queries/due-tasks.ts";
import { findTask, findTasks } from "./queries/find-task.ts";
import { findWorkerJobSet } from "./queries/find-worker.ts";
import { listTaskIds, listTasks } from "./queries/list-tasks.ts";
import { reportProgress } from "./queries/report-progress.ts";
import { retryTasks } from "./queries/retry-tasks.ts";
import { unclaimTasks } from "./queries/unclaim-tasks.ts";
import { type TaskRow, taskRecord } from "./rows.ts";
import type { Sessions } from "./sessions.ts";
import type { TaskStorage } from "./storage.ts";
import type { TaskSelection } from "./task-lists.ts";
import { createCompletions, createTransition } from "./transition.ts";

const recordOf = (row: TaskRow | undefined) => row && taskRecord(row);

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
  const jobSets = new JobSets();
  const payloads = createPayloads();
  const jobAddresses = new JobAddresses(sessions);
  const signsOfLife = new HeartbeatThrottle();
  const claim = createClaim(sessions, { jobSets, jobAddresses, payloads, heartbeatThrottle: signsOfLife });
  const transition = createTransition(sessions, payloads);
  const completions = createCompletions(sessions, { payloads, heartbeatThrottle: signsOfLife });
  const retryMany = async (ids: readonly string[]) =>
    (await sessions.run((db) => retryTasks(db, ids.filter(isUuid)))).map(taskRecord);
  return {
    insert,

    async find(id, options = {}) {
      if (!isUuid(id)) return undefined;
      return recordOf(await sessions.hot((db) => findTask(db, id, options.queuePosition === true)));
    },

    async findMany(ids) {
      const rows = await sessions.run((db) => findTasks(db, ids.filter(isUuid)));
      return rows.map(taskRecord);
    },

    async list(of, window) {
      if (window.after !== undefined && !isUuid(window.after)) return undefined;
      const listed = await sessions.run((db) => listTasks(db, possible(of), window));
      if (listed === undefined) return undefined;
      const { rows, total, searchedTo } = listed;
      return { items: rows.map(taskRecord), total, searchedTo };
    },

    async select(of, window) {
      if (window.after !== undefined && !isUuid(window.after)) return undefined;
      return sessions.run((db) => listTaskIds(db, possible(of), window));
    },

    claim: (workerId, limit, start, isGone) =>
      isUuid(workerId) ? claim({ workerId, limit, start }, isGone) : Promise.resolve(undefined),

    async claimedJobs(workerId) {
      const known = jobSets.of(workerId);
      if (known !== undefined || !isUuid(workerId)) return known?.jobIds ?? [];
      const [set] = await sessions.hot((db) => findWorkerJobSet(db, workerId));
      return set === undefined
        ? []
        : jobSets.remember(workerId, { key: set.key, jobIds: JSON.parse(set.jobIds) }).jobIds;
    },

    async secondsUntilDue(jobIds) {
      const possible = jobIds.filter(isUuid);
      return possible.length === 0 ? undefined : sessions.hot((db) => getSecondsUntilDue(db, possible));
    },

    async dueCounts(jobIds, cap) {
      const rows = await sessions.hot((db) => countDueTasks(db, jobIds.filter(isUuid), cap));
      return new Map(rows.map(({ id, waiting }) => [id, waiting]));
    },

    transition: (step) => (isPossible(step) ? transition(step) : Promise.resolve(undefined)),

    complete: async (wanted) =>
      wanted.every(isPossible) ? completions(wanted) : wanted.map(() => undefined),

    async report(step) {
      if (!isPossible(step)) return undefined;
      return recordOf(await sessions.hot((db) => reportProgress(db, step)));
    },

    retry: async (id) => (await retryMany([id]))[0],

    retryMany,

    async unclaim(claims) {
      const possible = claims.filter(({ id }) => isUuid(id));
      if (possible.length === 0) return [];
      return (await sessions.run((db) => unclaimTasks(db, possible))).map(taskRecord);
    },
  };
};
