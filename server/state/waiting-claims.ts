import { type Event, getJobChannel } from "../../protocol/index.ts";
import type { EventBus, Log, Unsubscribe } from "../ports.ts";
import type { ClaimedTaskRecord } from "../records.ts";
import type { Storage } from "../storage/ports/storage.ts";
import { getPollInterval, WakeSignal } from "./long-poll.ts";

/** A claim that waits for a direct assignment, or for a notification to read from the database. */
export class WaitingClaim extends WakeSignal {
  readonly workerId: string;
  readonly limit: number;
  /** True if the claim also starts the tasks. */
  readonly start: boolean;
  jobIds: readonly string[] = [];
  #assignment: PromiseWithResolvers<ClaimedTaskRecord | undefined> | undefined;

  constructor({ workerId, limit, start }: Pick<WaitingClaim, "workerId" | "limit" | "start">) {
    super();
    this.workerId = workerId;
    this.limit = limit;
    this.start = start;
  }

  /** True if the claim waits, has not been notified and is not reserved. */
  get isAvailable(): boolean {
    return this.isWaiting && !this.isNotified && !this.isReserved;
  }

  /** True while a task is being inserted for this claim. */
  get isReserved(): boolean {
    return this.#assignment !== undefined;
  }

  /** Reserves the claim for a task that is being inserted. */
  reserve(): void {
    this.#assignment = Promise.withResolvers();
  }

  /**
   * Ends a reservation. Passes the assigned task to the claim. If there is none, wakes the claim, which then
   * reads from the database.
   */
  assign(task: ClaimedTaskRecord | undefined): void {
    this.#assignment?.resolve(task);
    if (task === undefined) this.notify();
    else this.release();
  }

  /** Waits for the outcome of a pending insert. Returns the task that was assigned, if any. */
  async takeAssignment(): Promise<ClaimedTaskRecord | undefined> {
    const task = await this.#assignment?.promise;
    this.#assignment = undefined;
    return task;
  }
}

/** Time for which an unused channel stays subscribed, because workers usually claim again soon. */
const UNSUBSCRIBE_DELAY_MS = 10_000;
const MIN_POLL_DELAY_MS = 20;
/** Delay of the next poll if claims were woken for due tasks, to check whether these were claimed. */
const DUE_POLL_DELAY_MS = 500;
/** Delay of the next poll after a failure. */
const FAILED_POLL_DELAY_MS = 1000;

interface Channel {
  readonly claims: Set<WaitingClaim>;
  readonly subscribed: Promise<Unsubscribe>;
  unsubscribeTimer: NodeJS.Timeout | undefined;
}

/**
 * The claims of this process that wait for a task. Each new task wakes one claim instead of all claims. The
 * process polls once for all claims, to find tasks that have become due and tasks whose event was lost.
 */
export class WaitingClaims {
  readonly #channels = new Map<string, Channel>();
  readonly #claims = new Set<WaitingClaim>();
  readonly #bus: EventBus;
  readonly #storage: Pick<Storage, "tasks">;
  readonly #log: Log;
  readonly #jobsToWake = new Set<string>();
  #isWaking = false;
  #pollTimer: NodeJS.Timeout | undefined;
  /** Time of the next poll, in milliseconds of `performance.now()`. */
  #nextPollAt = 0;
  #isPolling = false;
  #mustPollAgain = false;
  #isClosed = false;

  constructor({ bus, storage, log }: { bus: EventBus; storage: Pick<Storage, "tasks">; log: Log }) {
    this.#bus = bus;
    this.#storage = storage;
    this.#log = log;
  }

  get size(): number {
    return this.#claims.size;
  }

  /** Subscribes a claim to the channels of its jobs. Resolves once no event can be missed. */
  async add(claim: WaitingClaim, jobIds: readonly string[]): Promise<void> {
    const removed = claim.jobIds.filter((id) => !jobIds.includes(id));
    claim.jobIds = jobIds;
    this.#claims.add(claim);
    for (const id of removed) this.#leave(id, claim);
    await Promise.all(jobIds.map((id) => this.#join(id, claim)));
  }

  /** Removes a claim. If the claim did not use its notification, the next claim of each job is notified instead. */
  remove(claim: WaitingClaim): void {
    if (!this.#claims.delete(claim)) return;
    for (const id of claim.jobIds) this.#leave(id, claim);
    if (claim.isNotified) for (const id of claim.jobIds) this.#wake(id, 1);
    if (this.#claims.size === 0) this.#stopPolling();
  }

  /**
   * Wakes other claims for the due tasks that remain after a claim. Concurrent calls share one query.
   * Otherwise, if a thousand claims were woken at once, each of them would count tasks that the others are
   * about to claim.
   */
  async wakeOthers(jobIds: readonly string[]): Promise<void> {
    for (const id of jobIds) {
      if ((this.#channels.get(id)?.claims.size ?? 0) > 0) this.#jobsToWake.add(id);
    }
    if (this.#isWaking) return;
    this.#isWaking = true;
    try {
      while (this.#jobsToWake.size > 0) {
        const ids = [...this.#jobsToWake];
        this.#jobsToWake.clear();
        await this.#wakeForDueTasks(ids);
      }
    } finally {
      this.#isWaking = false;
    }
  }

  /** Reserves the first claim that waits for a task of the job and is neither notified nor reserved. */
  reserve(jobId: string): WaitingClaim | undefined {
    for (const claim of this.#channels.get(jobId)?.claims ?? []) {
      if (!claim.isAvailable) continue;
      claim.reserve();
      return claim;
    }
    return undefined;
  }

  /** Wakes the claims of a worker whose jobs changed, so that these claims subscribe to the new channels. */
  refresh(workerId: string): void {
    for (const claim of this.#claims) {
      if (claim.workerId === workerId) claim.notify();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stopPolling();
    for (const [id, channel] of this.#channels) this.#unsubscribe(id, channel);
    this.#claims.clear();
  }

  async #join(jobId: string, claim: WaitingClaim): Promise<void> {
    const existing = this.#channels.get(jobId);
    const channel = existing ?? {
      claims: new Set(),
      subscribed: this.#bus.subscribe(getJobChannel(jobId), (event) => this.#onEvent(jobId, event)),
      unsubscribeTimer: undefined,
    };
    if (existing === undefined) this.#channels.set(jobId, channel);
    clearTimeout(channel.unsubscribeTimer);
    channel.unsubscribeTimer = undefined;
    // Earlier polls did not include this job, because no claim waited for it.
    if (channel.claims.size === 0) this.#schedulePoll(0);
    channel.claims.add(claim);
    await channel.subscribed;
  }

  #leave(jobId: string, claim: WaitingClaim): void {
    const channel = this.#channels.get(jobId);
    if (channel === undefined || !channel.claims.delete(claim) || channel.claims.size > 0) return;
    channel.unsubscribeTimer = setTimeout(() => this.#unsubscribe(jobId, channel), UNSUBSCRIBE_DELAY_MS);
    channel.unsubscribeTimer.unref();
  }

  #unsubscribe(jobId: string, channel: Channel): void {
    clearTimeout(channel.unsubscribeTimer);
    this.#channels.delete(jobId);
    channel.subscribed.then(
      (unsubscribe) => unsubscribe(),
      () => {},
    );
  }

  #onEvent(jobId: string, event: Event | undefined): void {
    if (event?.kind === "work-available" && event.count > 0) this.#wake(jobId, event.count);
    // A poll finds delayed tasks (count 0), and tasks whose event was missed (undefined).
    else this.#schedulePoll(0);
  }

  /** Wakes enough claims to claim `count` tasks, in the order in which they started to wait. */
  #wake(jobId: string, count: number): void {
    let left = count;
    // Reserved claims come last, because they ignore the notification if they get the inserted task.
    for (const includesReserved of [false, true]) {
      for (const claim of this.#channels.get(jobId)?.claims ?? []) {
        if (left <= 0) return;
        if (claim.isNotified || claim.isReserved !== includesReserved) continue;
        claim.notify();
        left -= claim.limit;
      }
    }
  }

  async #wakeForDueTasks(jobIds: readonly string[]): Promise<void> {
    const counts = await this.#storage.tasks.countDue(jobIds, this.#claims.size * 2 + 1);
    for (const [jobId, count] of counts) this.#wake(jobId, count);
  }

  #schedulePoll(milliseconds: number): void {
    if (this.#isClosed || this.#claims.size === 0) return;
    if (this.#isPolling) {
      this.#mustPollAgain ||= milliseconds === 0;
      return;
    }
    const at = performance.now() + Math.max(milliseconds, MIN_POLL_DELAY_MS);
    if (this.#pollTimer !== undefined && this.#nextPollAt <= at) return;
    clearTimeout(this.#pollTimer);
    this.#nextPollAt = at;
    this.#pollTimer = setTimeout(() => void this.#poll(), at - performance.now());
    this.#pollTimer.unref();
  }

  #stopPolling(): void {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = undefined;
  }

  async #poll(): Promise<void> {
    this.#isPolling = true;
    this.#pollTimer = undefined;
    this.#mustPollAgain = false;
    let delay = getPollInterval(this.#bus);
    try {
      const jobIds = [...this.#channels].filter(([, { claims }]) => claims.size > 0).map(([id]) => id);
      if (jobIds.length > 0) {
        await this.#wakeForDueTasks(jobIds);
        const seconds = await this.#storage.tasks.getSecondsUntilDue(jobIds);
        // If claims were woken for due tasks, the next poll checks whether these were claimed.
        if (seconds !== undefined)
          delay = Math.min(delay, seconds > 0 ? seconds * 1000 + 1 : DUE_POLL_DELAY_MS);
      }
    } catch (error) {
      this.#log.warn({ err: error }, "failed to look for due tasks on behalf of waiting claims");
      delay = Math.min(delay, FAILED_POLL_DELAY_MS);
    }
    this.#isPolling = false;
    this.#schedulePoll(this.#mustPollAgain ? 0 : delay);
  }
}
