import type { Context } from "./context.ts";
import { StorageUnavailable } from "./storage/storage-unavailable.ts";
import { sweep, sweepOverdueTasks } from "./use-cases/sweep.ts";

/** Tasks over their `timeout_seconds` are to be found within a second: one indexed statement each time. */
const OVERDUE_EVERY_MS = 500;
/** A timer so late means that the process stood still: heartbeats may lie unread behind it. */
const STALL_MS = 3_000;
/** A look at the workers that takes so long means that heartbeats wait too, for a lock or a database that is in trouble. */
const LATE_LOOK_MS = 3_000;

/** The timers around the sweep; its clock is the database's, its patience ours. */
export class Sweeper {
  readonly #context: Context;
  #sweeps: NodeJS.Timeout | undefined;
  #overdue: NodeJS.Timeout | undefined;
  readonly #running = new Map<() => Promise<void>, Promise<void>>();
  /** Tasks over their time that could not be ended. */
  readonly #bad = new Set<string>();
  #isStopped = false;
  /** Until then nobody is called dead: workers could not have been heard. */
  #quietUntil = 0;
  #lastTick = 0;
  /** When the look was begun that has not been answered yet. */
  #lookedAt: number | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  start(): void {
    const { settings } = this.#context;
    this.#beQuiet();
    this.#lastTick = performance.now();
    this.#sweeps = setInterval(() => this.#run(this.#sweep), settings.sweeper_interval_seconds * 1000);
    this.#overdue = setInterval(() => this.#run(this.#endOverdue), OVERDUE_EVERY_MS);
    this.#sweeps.unref();
    this.#overdue.unref();
  }

  /** Resolves once nothing runs any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#sweeps);
    clearInterval(this.#overdue);
    await Promise.all(this.#running.values());
  }

  #beQuiet(): void {
    this.#quietUntil = performance.now() + this.#threshold * 1000;
  }

  get #threshold(): number {
    return this.#context.settings.worker_timeout_threshold;
  }

  readonly #mayEndWorkers = (): boolean => {
    const now = performance.now();
    const late = Math.min(LATE_LOOK_MS, this.#threshold * 500);
    if (this.#lookedAt !== undefined && now - this.#lookedAt > late) this.#beQuiet();
    return now >= this.#quietUntil;
  };

  /** One of a kind at a time; what comes meanwhile is left to the next tick. */
  #run(work: () => Promise<void>): void {
    if (this.#isStopped) return;
    const now = performance.now();
    if (now - this.#lastTick > OVERDUE_EVERY_MS + STALL_MS) this.#beQuiet();
    this.#lastTick = now;
    if (this.#running.has(work)) return;
    const running = work()
      .catch((error: unknown) => {
        if (!(error instanceof StorageUnavailable)) {
          this.#context.log.error({ err: error }, "the sweep could not be done");
          return;
        }
        // After an outage everybody gets a whole threshold to be heard again.
        this.#beQuiet();
        this.#context.log.warn({ err: error }, "the database is away from the sweep");
      })
      .finally(() => this.#running.delete(work));
    this.#running.set(work, running);
  }

  readonly #sweep = async (): Promise<void> => {
    // Each is tried, and told of, once a sweep.
    this.#bad.clear();
    const swept = await sweep(this.#context, { canEndWorkers: this.#mayEndWorkers, bad: this.#bad });
    this.#context.sweeps.swept();
    if (swept !== undefined) this.#context.meter.swept(swept);
    if (swept === undefined || swept.workers + swept.tasks + swept.jobs + swept.deleted === 0) return;
    this.#context.log.info({ swept }, "swept");
  };

  readonly #endOverdue = async (): Promise<void> => {
    this.#lookedAt = performance.now();
    await this.#context.storage.sweep.probe().finally(() => {
      this.#mayEndWorkers();
      this.#lookedAt = undefined;
    });
    const count = await sweepOverdueTasks(this.#context, this.#bad);
    if (count === 0) return;
    this.#context.meter.timedOut(count);
    this.#context.log.info({ count }, "tasks were over their time");
  };
}
