import { isUuid } from "./ids.ts";
import type { TaskSelection, TaskStorage } from "./ports/tasks.ts";
import { countDueTasks, getSecondsUntilDue } from "./queries/tasks/due-tasks.ts";
import { findTask, findTasks } from "./queries/tasks/find-task.ts";
import { listTaskIds, listTasks } from "./queries/tasks/list-tasks.ts";
import { retryTasks } from "./queries/tasks/retry-tasks.ts";
import { type TaskRow, toTaskRecord } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

const toRecord = (row: TaskRow | undefined) => row && toTaskRecord(row);

/** Removes ids that are not UUIDs, because they cannot match any row. */
const removeInvalidIds = (selection: TaskSelection): TaskSelection => ({
  ...selection,
  ...(selection.ids && { ids: selection.ids.filter(isUuid) }),
  ...(selection.jobIds && { jobIds: selection.jobIds.filter(isUuid) }),
});

export const createTaskStorage = (sessions: Sessions): TaskStorage => {
  const retryMany = async (ids: readonly string[]) =>
    (await sessions.run((db) => retryTasks(db, ids.filter(isUuid)))).map(toTaskRecord);
  return {
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

    retry: async (id) => (await retryMany([id]))[0],

    retryMany,
  };
};
