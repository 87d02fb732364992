import { isUuid } from "./ids.ts";
import type { LateResultStorage } from "./ports/late-results.ts";
import { adoptLateResult, insertLateResult, listLateResults } from "./queries/tasks/late-results.ts";
import { formatTime, toTaskRecord } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

export const createLateResultStorage = ({ run }: Sessions): LateResultStorage => ({
  async store(late) {
    return isUuid(late.taskId) && isUuid(late.workerId) && run((db) => insertLateResult(db, late));
  },

  async list(taskId) {
    if (!isUuid(taskId)) return [];
    const rows = await run((db) => listLateResults(db, taskId));
    return rows.map(({ received_at, result, ...row }) => ({
      ...row,
      result: JSON.parse(result),
      at: formatTime(received_at),
    }));
  },

  async adopt(late) {
    const row = await run((db) => adoptLateResult(db, late));
    return row && { record: toTaskRecord(row), previousWorkerId: row.previous_worker_id };
  },
});
