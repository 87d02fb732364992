import { LRUCache } from "lru-cache";
import type { JobAddress } from "../../../protocol/index.ts";
import type { ClaimedTaskRecord } from "../../records.ts";
import { isUuid } from "../ids.ts";
import { type LinkedJobs, NO_JOBS } from "../ports/task-queue.ts";
import { findJobAddresses } from "../queries/jobs.ts";
import { findWorkerJobs, type WorkerJobs } from "../queries/workers.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { StatementBatcher } from "./batcher.ts";
import { markDueTasks } from "./simple-statements.ts";
import { MAX_CLAIMS } from "./simple-task-queue.ts";
import { type Claim, type ClaimResult, distributeTasks, executeClaims } from "./statements/claim-tasks.ts";
import type { HeartbeatThrottle } from "./statements/heartbeat.ts";

/** Maximum number of tasks in a batch of claims. */
const MAX_CLAIMED_TASKS = 400;

const MAX_CACHED_WORKERS = 100_000;
const MAX_CACHED_JOBS = 10_000;
const MAX_CACHED_JOB_SETS = 1_000;

interface ClaimCall extends Claim {
  /**
   * True to claim although the `run_at` of some delayed tasks has passed and no statement has
   * marked them as due yet (see `markDueTasks`).
   */
  readonly ignoreUnmarked: boolean;
}

/**
 * Batches the claims of workers with the same jobs. A claim takes one statement, unless delayed
 * tasks must be marked as due first, or concurrent claims claimed the selected tasks first.
 */
export class ClaimBatches {
  readonly #sessions: Sessions;
  readonly #throttle: HeartbeatThrottle;
  readonly #claim: StatementBatcher<ClaimCall, ClaimResult>;
  readonly #markDue: StatementBatcher<ClaimCall, undefined>;
  /**
   * The jobs of each worker, by worker id. If they are outdated, the claim statement claims
   * nothing, and `claim` reads the jobs again.
   */
  readonly #workers = new LRUCache<string, WorkerJobs>({ max: MAX_CACHED_WORKERS });
  /**
   * The ids of jobs by `LinkedJobs.key`, so that workers with the same jobs share one array in
   * memory.
   */
  readonly #jobIds = new LRUCache<string, readonly string[]>({ max: MAX_CACHED_JOB_SETS });
  /**
   * The addresses of jobs, by job id. They never change. Without this cache, the database would
   * look up the job of each claimed task, and send its room, category and name.
   */
  readonly #jobAddresses = new LRUCache<string, JobAddress>({ max: MAX_CACHED_JOBS });
  /**
   * Backoff of the last claimed task, as JSON. The next task usually has the same backoff. The
   * claim statement then returns null instead of the backoff.
   */
  #lastBackoff = "{}";

  constructor(sessions: Sessions, throttle: HeartbeatThrottle) {
    this.#sessions = sessions;
    this.#throttle = throttle;
    const getLane = ({ jobs, ignoreUnmarked }: ClaimCall) => `${jobs.key}${ignoreUnmarked ? "+" : ""}`;
    this.#claim = new StatementBatcher({
      maxWeight: MAX_CLAIMED_TASKS,
      getWeight: ({ limit }) => limit,
      getLane,
      run: sessions.measureBatches("claim", (calls) => this.#runClaims(calls)),
    });
    this.#markDue = new StatementBatcher({
      maxWeight: MAX_CLAIMED_TASKS,
      getLane,
      run: sessions.measureBatches("mark_due", (calls) => this.#runMarking(calls)),
    });
  }

  async claim(
    workerId: string,
    limit: number,
    start: boolean,
    isGone: () => boolean = () => false,
  ): Promise<readonly ClaimedTaskRecord[] | undefined> {
    let ignoreUnmarked = false;
    for (let attempt = 1; ; attempt += 1) {
      const jobs = await this.#getJobs(workerId);
      if (jobs === undefined) return undefined;
      const call = { workerId, jobs, limit, start, ignoreUnmarked };
      const result = await this.#claim.add(call, isGone);
      if (result === undefined) return [];
      const { jobsVersion, haveExpectedJobs, hasUnmarkedTasks, isContended, records } = result;
      if (jobsVersion !== jobs.version) this.#workers.delete(workerId);
      if (jobsVersion === null) return undefined;
      if (haveExpectedJobs && hasUnmarkedTasks) {
        await this.#markDue.add(call);
        // Another server may be marking some of these tasks at the moment. The next try does not
        // wait for them.
        ignoreUnmarked = true;
      } else if (records.length > 0 || attempt >= MAX_CLAIMS || (haveExpectedJobs && !isContended)) {
        return records;
      }
    }
  }

  async #runClaims(calls: readonly ClaimCall[]): Promise<ClaimResult[]> {
    const expectedBackoff = this.#lastBackoff;
    const ignoreUnmarked = calls[0]?.ignoreUnmarked === true;
    const options = { expectedBackoff, ignoreUnmarked, touchesWorkers: this.#throttle.isUpdateDue(calls) };
    const rows = await this.#sessions.runPrepared((db) => executeClaims(db, calls, options));
    for (const { backoff } of rows.tasks) {
      if (backoff !== null) this.#lastBackoff = backoff;
    }
    const jobs = await this.#findJobAddresses(new Set(rows.tasks.map((task) => task.job_id)));
    return distributeTasks(calls, rows, expectedBackoff, jobs);
  }

  /**
   * Marks the due tasks of the batch's jobs. All workers of a batch have the same jobs, so the
   * statement receives only the first worker.
   */
  async #runMarking(calls: readonly ClaimCall[]): Promise<undefined[]> {
    const [first] = calls;
    if (first !== undefined) await this.#sessions.runPrepared((db) => markDueTasks(db, first.workerId));
    return calls.map(() => undefined);
  }

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

  async getLinkedJobs(workerId: string): Promise<LinkedJobs> {
    return (isUuid(workerId) ? await this.#getJobs(workerId) : undefined) ?? NO_JOBS;
  }

  /** Returns undefined if the worker is gone. */
  async #getJobs(workerId: string): Promise<WorkerJobs | undefined> {
    const cached = this.#workers.get(workerId);
    if (cached !== undefined) return cached;
    const found = await this.#sessions.runPrepared((db) => findWorkerJobs(db, workerId));
    if (found === undefined) return undefined;
    const ids = this.#jobIds.get(found.key) ?? found.ids;
    this.#jobIds.set(found.key, ids);
    const jobs = { ...found, ids };
    this.#workers.set(workerId, jobs);
    return jobs;
  }
}
