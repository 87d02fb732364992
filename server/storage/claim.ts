import type { ClaimedRecord } from "./claimed-record.ts";
import { coalesce } from "./coalesce.ts";
import type { JobSets } from "./job-sets.ts";
import type { Payloads } from "./payloads.ts";
import { type Claim, type ClaimRow, claimTasks } from "./queries/claim-tasks.ts";
import { promoteDueTasks } from "./queries/promote-due-tasks.ts";
import type { Sessions } from "./sessions.ts";
import { WireRecord, type WireRow } from "./wire-row.ts";

/** How often a claim looks again after it met rivals. */
const TURNS = 4;
/** Tasks of one statement. */
const MOST_TASKS = 400;

/** A shorter payload is read again sooner than it is looked up, and keeping thousands of them costs the collector. */
const WORTH_KEEPING = 2_048;

interface Wish extends Claim {
  /** Claim even where tasks that fell due wait to be promoted. */
  readonly evenIfOverdue: boolean;
}

const isTask = (row: ClaimRow): row is ClaimRow & WireRow => row.id !== null;

/** The worker's next tasks; undefined where it is gone. */
type ClaimTasks = (claim: Claim, isGone?: () => boolean) => Promise<readonly ClaimedRecord[] | undefined>;

/** Claims of workers with the same jobs share a statement; a lone one is one statement too, unless tasks have just fallen due or rivals met. */
export const createClaim = (
  { hot }: Sessions,
  { jobSets, payloads }: { readonly jobSets: JobSets; readonly payloads: Payloads },
): ClaimTasks => {
  const laneOf = ({ workerId, evenIfOverdue }: Wish) =>
    `${jobSets.keyOf(workerId) ?? workerId}${evenIfOverdue ? "+" : ""}`;

  const join = coalesce<Wish, readonly ClaimRow[]>({
    most: MOST_TASKS,
    weightOf: ({ limit }) => limit,
    laneOf,
    run: async (wishes) => {
      const evenIfOverdue = wishes[0]?.evenIfOverdue === true;
      const rows = await hot((db) => claimTasks(db, wishes, evenIfOverdue));
      const own = wishes.map((): ClaimRow[] => []);
      for (const row of rows) {
        own[row.place]?.push(row);
        if (isTask(row) && row.payload.length >= WORTH_KEEPING) {
          payloads.set(row.id, row.payload, row.payload.length);
        }
      }
      wishes.forEach((wish, place) => {
        jobSets.learn(wish.workerId, own[place]?.[0]?.job_set ?? null);
      });
      return own;
    },
  });

  const promote = coalesce<Wish, undefined>({
    most: MOST_TASKS,
    laneOf,
    run: async (wishes) => {
      const [first] = wishes;
      if (first !== undefined) await hot((db) => promoteDueTasks(db, first.workerId));
      return wishes.map(() => undefined);
    },
  });

  return async (claim, isGone = () => false) => {
    let wish: Wish = { ...claim, evenIfOverdue: false };
    for (let turn = 1; ; turn += 1) {
      const rows = await join(wish, isGone);
      const first = rows?.[0];
      if (first === undefined) return [];
      if (first.job_set === null) return undefined;
      const tasks = (rows ?? []).filter(isTask);
      if (first.served && first.overdue) {
        await promote(wish);
        // Rows that a rival is promoting this moment stay overdue; they must not stop the claim of the others.
        wish = { ...wish, evenIfOverdue: true };
      } else if (tasks.length > 0 || turn >= TURNS || (first.served && !first.contended)) {
        return tasks.map((row) => new WireRecord(row));
      }
    }
  };
};
