import { createBatcher } from "./batcher.ts";
import { type ClaimResult, distributeTasks, splitClaimRows } from "./claim-results.ts";
import type { ClaimedTaskRecord } from "./claimed-task-record.ts";
import type { HeartbeatThrottle } from "./heartbeat-throttle.ts";
import type { JobAddressCache } from "./job-address-cache.ts";
import type { JobSetCache } from "./job-set-cache.ts";
import type { PayloadCache } from "./payload-cache.ts";
import { type Claim, claimTasks } from "./queries/claim-tasks.ts";
import { promoteDueTasks } from "./queries/promote-due-tasks.ts";
import type { Sessions } from "./sessions.ts";

/** How often a claim looks again after it met rivals. */
const TURNS = 4;
/** Tasks of one statement. */
const MOST_TASKS = 400;

/** A shorter payload is read again sooner than it is looked up, and keeping thousands of them costs the collector. */
const WORTH_KEEPING = 2_048;

interface Wish extends Claim {
  /** Claim even where tasks that fell due wait to be promoted. */
  readonly ignoreUnpromoted: boolean;
}

/** The worker's next tasks; undefined where it is gone. */
type ClaimTasks = (claim: Claim, isGone?: () => boolean) => Promise<readonly ClaimedTaskRecord[] | undefined>;

/** What is kept of earlier statements. */
interface Known {
  readonly jobSets: JobSetCache;
  readonly jobAddresses: JobAddressCache;
  readonly payloads: PayloadCache;
  readonly heartbeatThrottle: HeartbeatThrottle;
}

/** Claims of workers with the same jobs share a statement; a lone one is one statement too, unless tasks have just fallen due or rivals met. */
export const createClaim = (
  { runPrepared: hot, measureBatches: counted }: Sessions,
  { jobSets, jobAddresses, payloads, heartbeatThrottle: signsOfLife }: Known,
): ClaimTasks => {
  const laneOf = ({ workerId, ignoreUnpromoted: evenIfOverdue }: Wish) =>
    `${jobSets.keyOf(workerId) ?? workerId}${evenIfOverdue ? "+" : ""}`;

  /** Of the last task that was claimed here: most often that of the next. */
  let backoff = "{}";

  const join = createBatcher<Wish, ClaimResult>({
    most: MOST_TASKS,
    weightOf: ({ limit }) => limit,
    laneOf,
    run: counted("claim", async (wishes) => {
      const evenIfOverdue = wishes[0]?.ignoreUnpromoted === true;
      const signs = signsOfLife.due(wishes.map(({ workerId }) => workerId));
      const manner = { ignoreUnpromoted: evenIfOverdue, knownBackoff: backoff, touchedWorkerIds: signs };
      const rows = splitClaimRows(await hot((db) => claimTasks(db, wishes, manner)));
      const { tasks } = rows;
      for (const { id, payload } of tasks) {
        if (payload.length >= WORTH_KEEPING) payloads.set(id, payload, payload.length);
      }
      backoff = tasks.findLast((task) => task.backoff !== null)?.backoff ?? backoff;
      const jobs = await jobAddresses.of(new Set(tasks.map((task) => task.job_id)));
      const shares = distributeTasks(wishes, rows, manner, jobs);
      wishes.forEach(({ workerId }, place) => {
        jobSets.learn(workerId, shares[place]?.jobSet ?? null);
      });
      return shares;
    }),
  });

  const promote = createBatcher<Wish, undefined>({
    most: MOST_TASKS,
    laneOf,
    run: counted("promote", async (wishes) => {
      const [first] = wishes;
      if (first !== undefined) await hot((db) => promoteDueTasks(db, first.workerId));
      return wishes.map(() => undefined);
    }),
  });

  return async (claim, isGone = () => false) => {
    let wish: Wish = { ...claim, ignoreUnpromoted: false };
    for (let turn = 1; ; turn += 1) {
      const share = await join(wish, isGone);
      if (share === undefined) return [];
      const { jobSet, records, isServed, isOverdue, isContended } = share;
      if (jobSet === null) return undefined;
      if (isServed && isOverdue) {
        await promote(wish);
        // Rows that a rival is promoting this moment stay overdue; they must not stop the claim of the others.
        wish = { ...wish, ignoreUnpromoted: true };
      } else if (records.length > 0 || turn >= TURNS || (isServed && !isContended)) {
        return records;
      }
    }
  };
};
