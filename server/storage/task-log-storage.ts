import { isUuid } from "./ids.ts";
import type { TaskLogStorage } from "./ports/task-logs.ts";
import { appendLog, readLog } from "./queries/tasks/task-logs.ts";
import { formatTime } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

export const createTaskLogStorage = ({ run }: Sessions): TaskLogStorage => ({
  async append(lines) {
    const { taskId, workerId } = lines;
    if (!isUuid(taskId) || (workerId !== undefined && !isUuid(workerId))) return false;
    return run((db) => appendLog(db, lines));
  },

  async read(taskId, after, limit) {
    if (!isUuid(taskId)) return [];
    const rows = await run((db) => readLog(db, taskId, { after, limit }));
    return rows.map(({ at, ...line }) => ({ ...line, at: formatTime(at) }));
  },
});
