import { eventually } from "../../support/eventually.ts";
import type { CaseContext } from "./case-context.ts";

const HAS_OPEN_TASKS = `select exists (select 1 from joblib.task
  where room_id = $1 and status in ('pending', 'claimed', 'running')) as open`;

/**
 * Waits until every task of the case has finished or the time limit is reached. The checker reports
 * tasks that have not finished.
 */
export const waitForAllTasks = async (context: CaseContext, seconds = 30): Promise<void> => {
  const hasOpenTasks = async () => {
    const { rows } = await context.cluster.sql.query<{ open: boolean }>(HAS_OPEN_TASKS, [context.room]);
    return rows[0]?.open === true;
  };
  const options = { timeoutMs: seconds * 1000, intervalMs: 50 };
  await eventually(hasOpenTasks, (isOpen) => !isOpen, options).catch(() => {});
};
