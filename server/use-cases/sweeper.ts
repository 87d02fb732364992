import type { Context } from "../context.ts";
import { StorageUnavailable } from "../storage/sessions/storage-errors.ts";
import { sweep, sweepOverdueTasks } from "./workers/sweep.ts";

/**
 * Interval of the search for overdue tasks, in milliseconds. Tasks that exceed `timeout_seconds`
 * end within a second.
 */
const OVERDUE_INTERVAL_MS = 500;
/**
 * If a timer fires this many milliseconds too late, the process was blocked, and may not have
 * received heartbeats yet.
 */
const STALL_MS = 3_000;
/**
 * If a query of the workers' table takes this many milliseconds, heartbeats are delayed as well.
 */
const SLOW_PROBE_MS = 3_000;

/**
 * Runs the sweeps and the search for overdue tasks. A worker is declared dead by the clock of the
 * database, but not while this process or the database may have been unable to record its
 * heartbeats.
 */
export class Sweeper {
  readonly #context: Context;
  #timers: NodeJS.Timeout[] = [];
  readonly #running = new Map<() => Promise<void>, Promise<void>>();
  /** Ids of overdue tasks that could not be ended. */
  readonly #failedIds = new Set<string>();
  #isStopped = false;
  /** Time of `performance.now()` before which no worker is declared dead. */
  #pausedUntil = 0;
  #lastTickAt = 0;
  /** Start of the running query of the workers' table, which shows whether the database is slow. */
  #probeStartedAt: number | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  start(): void {
    const { settings } = this.#context;
    this.#pause();
    this.#lastTickAt = performance.now();
    this.#timers = [
      setInterval(() => this.#run(this.#sweep), settings.sweeper_interval_seconds * 1000).unref(),
      setInterval(() => this.#run(this.#endOverdueTasks), OVERDUE_INTERVAL_MS).unref(),
    ];
  }

  /** Stops the timers. Resolves when the running sweep has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running.values());
  }

  /** Gives every worker a full `worker_timeout_seconds` to send its next heartbeat. */
  #pause(): void {
    this.#pausedUntil = performance.now() + this.#threshold * 1000;
  }

  get #threshold(): number {
    return this.#context.settings.worker_timeout_seconds;
  }

  /** Returns false while heartbeats may be delayed, so that no worker is removed as dead. */
  readonly #canRemoveWorkers = (): boolean => {
    const now = performance.now();
    const slowProbeMs = Math.min(SLOW_PROBE_MS, this.#threshold * 500);
    if (this.#probeStartedAt !== undefined && now - this.#probeStartedAt > slowProbeMs) this.#pause();
    return now >= this.#pausedUntil;
  };

  /** Runs the work, unless the previous run of the same work is still active. */
  #run(work: () => Promise<void>): void {
    if (this.#isStopped) return;
    const now = performance.now();
    if (now - this.#lastTickAt > OVERDUE_INTERVAL_MS + STALL_MS) this.#pause();
    this.#lastTickAt = now;
    if (this.#running.has(work)) return;
    const running = work()
      .catch((error: unknown) => {
        const { log } = this.#context;
        if (!(error instanceof StorageUnavailable)) return log.error({ err: error }, "the sweep failed");
        // Workers could not send heartbeats during the outage, so they get more time.
        this.#pause();
        log.warn({ err: error }, "the sweep failed because the database is unavailable");
      })
      .finally(() => this.#running.delete(work));
    this.#running.set(work, running);
  }

  readonly #sweep = async (): Promise<void> => {
    const { log, meter, sweepStatus } = this.#context;
    const failedIds = this.#failedIds;
    // Each sweep again tries to end the tasks that could not be ended before, and logs failures
    // again.
    failedIds.clear();
    const swept = await sweep(this.#context, { canRemoveWorkers: this.#canRemoveWorkers, failedIds });
    sweepStatus.sweepFinished();
    if (swept === undefined) return;
    meter.sweepFinished(swept);
    if (swept.workers + swept.tasks + swept.jobs + swept.deleted > 0) log.info({ swept }, "sweep finished");
  };

  readonly #endOverdueTasks = async (): Promise<void> => {
    this.#probeStartedAt = performance.now();
    await this.#context.storage.sweep.probe().finally(() => {
      this.#canRemoveWorkers();
      this.#probeStartedAt = undefined;
    });
    const count = await sweepOverdueTasks(this.#context, this.#failedIds);
    if (count === 0) return;
    this.#context.meter.timedOut(count);
    this.#context.log.info({ count }, "ended tasks that exceeded their timeout");
  };
}
