import { LRUCache } from "lru-cache";
import type { JobAddress } from "../../../protocol/index.ts";
import type { ClaimedTaskRecord } from "../../records.ts";
import { isUuid } from "../ids.ts";
import { findJobAddresses } from "../queries/jobs/job-addresses.ts";
import { findWorkerJobSet } from "../queries/workers/workers.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { StatementBatcher } from "./batcher.ts";
import { promoteDueTasks } from "./simple-statements.ts";
import { MAX_CLAIMS } from "./simple-task-queue.ts";
import { type Claim, type ClaimResult, distributeTasks, executeClaims } from "./statements/claim-tasks.ts";
import type { HeartbeatThrottle } from "./statements/heartbeat.ts";

/** Maximum number of tasks in a batch of claims. */
const MAX_CLAIMED_TASKS = 400;

const MAX_CACHED_WORKERS = 10_000;
const MAX_CACHED_JOBS = 10_000;
const MAX_CACHED_JOB_SETS = 1_000;

interface ClaimCall extends Claim {
  /** True to claim even if tasks that have become due are not promoted yet. */
  readonly ignoreUnpromoted: boolean;
}

/**
 * Claims tasks for workers with the same jobs in one statement. A claim is one statement, except when tasks have just
 * become due or concurrent claims claimed its tasks first.
 */
export class ClaimBatches {
  readonly #sessions: Sessions;
  readonly #throttle: HeartbeatThrottle;
  readonly #claim: StatementBatcher<ClaimCall, ClaimResult>;
  readonly #promote: StatementBatcher<ClaimCall, undefined>;
  /**
   * The key of the set of jobs of each worker at its last claim. Claims of workers with the same key can be batched.
   */
  readonly #jobSetKeys = new LRUCache<string, string>({ max: MAX_CACHED_WORKERS });
  /** The sets of jobs by key, so that a waiting claim does not have to look up its jobs again. */
  readonly #jobSets = new LRUCache<string, readonly string[]>({ max: MAX_CACHED_JOB_SETS });
  /**
   * The addresses of jobs, which never change. Without the cache, the database would look up the job of each claimed task
   * and send its room, category and name.
   */
  readonly #jobAddresses = new LRUCache<string, JobAddress>({ max: MAX_CACHED_JOBS });
  /**
   * Backoff of the last claimed task, as JSON. The next task usually has the same backoff, and then the statement does
   * not return it again.
   */
  #lastBackoff = "{}";

  constructor(sessions: Sessions, throttle: HeartbeatThrottle) {
    this.#sessions = sessions;
    this.#throttle = throttle;
    const getLane = ({ workerId, ignoreUnpromoted }: ClaimCall) =>
      `${this.#jobSetKeys.get(workerId) ?? workerId}${ignoreUnpromoted ? "+" : ""}`;
    this.#claim = new StatementBatcher({
      maxWeight: MAX_CLAIMED_TASKS,
      getWeight: ({ limit }) => limit,
      getLane,
      run: sessions.measureBatches("claim", (calls) => this.#runClaims(calls)),
    });
    this.#promote = new StatementBatcher({
      maxWeight: MAX_CLAIMED_TASKS,
      getLane,
      run: sessions.measureBatches("promote", (calls) => this.#runPromotion(calls)),
    });
  }

  async claim(
    workerId: string,
    limit: number,
    start: boolean,
    isGone: () => boolean = () => false,
  ): Promise<readonly ClaimedTaskRecord[] | undefined> {
    let call: ClaimCall = { workerId, limit, start, ignoreUnpromoted: false };
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.#claim.add(call, isGone);
      if (result === undefined) return [];
      const { jobSet, records, hasSameJobs, hasUnpromotedTasks, isContended } = result;
      if (jobSet === null) return undefined;
      if (hasSameJobs && hasUnpromotedTasks) {
        await this.#promote.add(call);
        // Some tasks may still not be promoted, because another server is promoting them. They must not block
        // the claim of other tasks.
        call = { ...call, ignoreUnpromoted: true };
      } else if (records.length > 0 || attempt >= MAX_CLAIMS || (hasSameJobs && !isContended)) {
        return records;
      }
    }
  }

  async #runClaims(calls: readonly ClaimCall[]): Promise<ClaimResult[]> {
    const knownBackoff = this.#lastBackoff;
    const ignoreUnpromoted = calls[0]?.ignoreUnpromoted === true;
    const options = { knownBackoff, ignoreUnpromoted, touchesWorkers: this.#throttle.isUpdateDue(calls) };
    const rows = await this.#sessions.runPrepared((db) => executeClaims(db, calls, options));
    for (const { backoff } of rows.tasks) {
      if (backoff !== null) this.#lastBackoff = backoff;
    }
    const jobs = await this.#findJobAddresses(new Set(rows.tasks.map((task) => task.job_id)));
    const results = distributeTasks(calls, rows, knownBackoff, jobs);
    calls.forEach(({ workerId }, index) => {
      // A worker that is gone has no set.
      this.#jobSetKeys.set(workerId, results[index]?.jobSet ?? undefined);
    });
    return results;
  }

  /** Promotes the due tasks of the jobs, which are the same for all workers of a batch. */
  async #runPromotion(calls: readonly ClaimCall[]): Promise<undefined[]> {
    const [first] = calls;
    if (first !== undefined) await this.#sessions.runPrepared((db) => promoteDueTasks(db, first.workerId));
    return calls.map(() => undefined);
  }

  /** Returns the addresses of jobs by id. Queries the database only for jobs that are not cached. */
  async #findJobAddresses(jobIds: ReadonlySet<string>): Promise<ReadonlyMap<string, JobAddress>> {
    const found = new Map<string, JobAddress>();
    const unknown: string[] = [];
    for (const id of jobIds) {
      const address = this.#jobAddresses.get(id);
      if (address === undefined) unknown.push(id);
      else found.set(id, address);
    }
    if (unknown.length === 0) return found;
    for (const row of await this.#sessions.runPrepared((db) => findJobAddresses(db, unknown))) {
      const address = { roomId: row.room_id, category: row.category, name: row.name };
      this.#jobAddresses.set(row.id, address);
      found.set(row.id, address);
    }
    return found;
  }

  async getLinkedJobIds(workerId: string): Promise<readonly string[]> {
    const key = this.#jobSetKeys.get(workerId);
    const cached = key === undefined ? undefined : this.#jobSets.get(key);
    if (cached !== undefined || !isUuid(workerId)) return cached ?? [];
    const [set] = await this.#sessions.runPrepared((db) => findWorkerJobSet(db, workerId));
    if (set === undefined) return [];
    const jobIds: readonly string[] = JSON.parse(set.jobIds);
    this.#jobSetKeys.set(workerId, set.key);
    this.#jobSets.set(set.key, jobIds);
    return jobIds;
  }
}
