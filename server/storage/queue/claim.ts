import type { ClaimedTaskRecord } from "../../records.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { StatementBatcher } from "./batcher.ts";
import { type ClaimResult, distributeTasks, splitClaimRows } from "./claim-results.ts";
import type { HeartbeatThrottle } from "./heartbeat-throttle.ts";
import type { JobAddressCache } from "./job-address-cache.ts";
import type { JobSetCache } from "./job-set-cache.ts";
import type { PayloadCache } from "./payload-cache.ts";
import { type Claim, claimTasks } from "./statements/claim-tasks.ts";
import { promoteDueTasks } from "./statements/promote-due-tasks.ts";

/** Maximum number of attempts of a claim if concurrent claims claim its tasks first. */
const MAX_ATTEMPTS = 4;
/** Maximum number of tasks in a batch. */
const MAX_BATCH_TASKS = 400;

/**
 * Minimum number of characters of a cached payload. Reading a shorter payload again is faster than the
 * lookup, and thousands of small strings slow down the garbage collector.
 */
const MIN_CACHED_PAYLOAD = 2_048;

interface ClaimCall extends Claim {
  /** True to claim even if tasks that have become due are not promoted yet. */
  readonly ignoreUnpromoted: boolean;
}

/** Claims the worker's next tasks. Returns undefined if the worker is gone. */
type ClaimTasks = (claim: Claim, isGone?: () => boolean) => Promise<readonly ClaimedTaskRecord[] | undefined>;

/** Data that is kept between statements. */
interface ClaimCaches {
  readonly jobSets: JobSetCache;
  readonly jobAddresses: JobAddressCache;
  readonly payloads: PayloadCache;
  readonly heartbeatThrottle: HeartbeatThrottle;
}

/**
 * Creates the function that claims tasks. Claims of workers with the same jobs are batched. A claim is one
 * statement, except when tasks have just become due or concurrent claims claimed its tasks first.
 */
export const createClaim = (
  { runPrepared, measureBatches }: Sessions,
  { jobSets, jobAddresses, payloads, heartbeatThrottle }: ClaimCaches,
): ClaimTasks => {
  const getLane = ({ workerId, ignoreUnpromoted }: ClaimCall) =>
    `${jobSets.getKey(workerId) ?? workerId}${ignoreUnpromoted ? "+" : ""}`;

  /**
   * Backoff of the last claimed task, as JSON. The next task usually has the same backoff, and then the
   * statement does not return it again.
   */
  let backoff = "{}";

  const claims = new StatementBatcher<ClaimCall, ClaimResult>({
    maxWeight: MAX_BATCH_TASKS,
    getWeight: ({ limit }) => limit,
    getLane,
    run: measureBatches("claim", async (calls) => {
      const ignoreUnpromoted = calls[0]?.ignoreUnpromoted === true;
      const touchedWorkerIds = heartbeatThrottle.selectDue(calls.map(({ workerId }) => workerId));
      const options = {
        ignoreUnpromoted,
        knownBackoff: backoff,
        touchedWorkerIds,
      };
      const rows = splitClaimRows(await runPrepared((db) => claimTasks(db, calls, options)));
      const { tasks } = rows;
      for (const { id, payload } of tasks) {
        if (payload.length >= MIN_CACHED_PAYLOAD) payloads.set(id, payload);
      }
      backoff = tasks.findLast((task) => task.backoff !== null)?.backoff ?? backoff;
      const jobs = await jobAddresses.find(new Set(tasks.map((task) => task.job_id)));
      const results = distributeTasks(calls, rows, options, jobs);
      calls.forEach(({ workerId }, index) => {
        jobSets.setKey(workerId, results[index]?.jobSet ?? null);
      });
      return results;
    }),
  });

  const promotions = new StatementBatcher<ClaimCall, undefined>({
    maxWeight: MAX_BATCH_TASKS,
    getLane,
    run: measureBatches("promote", async (calls) => {
      const [first] = calls;
      if (first !== undefined) await runPrepared((db) => promoteDueTasks(db, first.workerId));
      return calls.map(() => undefined);
    }),
  });

  return async (claim, isGone = () => false) => {
    let call: ClaimCall = { ...claim, ignoreUnpromoted: false };
    for (let attempt = 1; ; attempt += 1) {
      const result = await claims.add(call, isGone);
      if (result === undefined) return [];
      const { jobSet, records, hasSameJobs, hasUnpromotedTasks, isContended } = result;
      if (jobSet === null) return undefined;
      if (hasSameJobs && hasUnpromotedTasks) {
        await promotions.add(call);
        // Some tasks may still not be promoted, because another server is promoting them. They must not block
        // the claim of other tasks.
        call = { ...call, ignoreUnpromoted: true };
      } else if (records.length > 0 || attempt >= MAX_ATTEMPTS || (hasSameJobs && !isContended)) {
        return records;
      }
    }
  };
};
