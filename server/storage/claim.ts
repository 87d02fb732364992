import { type Claim, type ClaimRow, claimTasks } from "./queries/claim-tasks.ts";
import { promoteDueTasks } from "./queries/promote-due-tasks.ts";
import { type TaskRow, taskRecord } from "./rows.ts";
import type { Sessions } from "./sessions.ts";
import type { TaskRecord } from "./storage.ts";

/** How often a claim looks again after it met rivals in several jobs at once. */
const TURNS = 4;

const isTask = (row: ClaimRow): row is ClaimRow & TaskRow => row.id !== null;

/** A worker's next tasks: one statement, unless tasks have just fallen due or rivals held what they then left. */
export const claim = async (
  { hot }: Sessions,
  wanted: Omit<Claim, "evenIfOverdue">,
): Promise<readonly TaskRecord[] | undefined> => {
  let evenIfOverdue = false;
  for (let turn = 1; ; turn += 1) {
    const rows = await hot((db) => claimTasks(db, { ...wanted, evenIfOverdue }));
    const [first] = rows;
    if (first === undefined) return undefined;
    if (first.overdue) {
      await hot((db) => promoteDueTasks(db, wanted.workerId));
      // Rows that a rival is promoting this moment stay overdue; they must not stop the claim of the others.
      evenIfOverdue = true;
    } else if (!first.contended || turn >= TURNS) {
      return rows.filter(isTask).map(taskRecord);
    }
  }
};
