import { type Event, getJobChannel } from "../../protocol/index.ts";
import type { EventBus, Log, Unsubscribe } from "../ports.ts";
import type { Storage } from "../storage/ports/storage.ts";
import type { LinkedJobs } from "../storage/ports/task-queue.ts";
import { getPollInterval } from "./long-poll.ts";
import type { ClaimGroup, WaitingClaim } from "./waiting-claim.ts";

/**
 * Time for which a group without claims stays subscribed, in milliseconds. Most workers claim again
 * soon.
 */
const UNSUBSCRIBE_DELAY_MS = 10_000;
const MIN_POLL_DELAY_MS = 20;
/**
 * Delay of the next poll after a poll has found due tasks and woken claims, in milliseconds. The
 * next poll checks whether the tasks were claimed.
 */
const DUE_POLL_DELAY_MS = 500;
const FAILED_POLL_DELAY_MS = 1000;

/** The subscription to the events of one job, and the groups that use it. */
interface Channel {
  readonly groups: Set<ClaimGroup>;
  readonly subscribed: Promise<Unsubscribe>;
}

/**
 * The claims of this process that wait for a task. A new task wakes one claim instead of all
 * claims. One poll for all claims finds tasks that have become due, and tasks whose event was lost.
 */
export class WaitingClaims {
  readonly #channels = new Map<string, Channel>();
  /** The groups by `LinkedJobs.key`. */
  readonly #groups = new Map<string, ClaimGroup>();
  readonly #claims = new Set<WaitingClaim>();
  #lastOrder = 0;
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

  /**
   * Adds a claim to the group of the workers that have the same jobs. Resolves when the group is
   * subscribed to the events of the jobs, so that no later event is missed.
   */
  async add(claim: WaitingClaim, jobs: LinkedJobs): Promise<void> {
    const group = this.#groups.get(jobs.key) ?? this.#addGroup(jobs);
    if (claim.group !== group) {
      this.#leave(claim);
      claim.group = group;
      claim.order = this.#lastOrder += 1;
      this.#claims.add(claim);
      clearTimeout(group.removalTimer);
      // Polls only look for tasks of jobs for which a claim waits. Until now, polls may have
      // ignored the jobs of this group, so the next poll must not wait.
      if (group.claims.size === 0) this.#schedulePoll(0);
      group.claims.add(claim);
    }
    await group.subscribed;
  }

  /**
   * Removes a claim. If the claim was notified but ends without looking for tasks, notifies another
   * claim for each of its jobs.
   */
  remove(claim: WaitingClaim): void {
    if (!this.#claims.delete(claim)) return;
    const ids = claim.group?.jobs.ids ?? [];
    this.#leave(claim);
    if (this.#claims.size === 0) this.#stopPolling();
    else if (claim.isNotified) for (const id of ids) this.#wake(id, 1);
  }

  /**
   * Wakes other claims if jobs still have due tasks after a claim. Concurrent calls share one
   * query: otherwise each of a thousand woken claims would count tasks that the others are about to
   * claim.
   */
  async wakeOthers(jobIds: readonly string[]): Promise<void> {
    if (this.#claims.size === 0) return;
    for (const id of jobIds) if (this.#hasClaims(id)) this.#jobsToWake.add(id);
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

  /**
   * Reserves the first available claim for a new task of the job. Returns undefined if no claim is
   * available.
   */
  reserve(jobId: string): WaitingClaim | undefined {
    for (const claim of this.#listClaims(jobId)) {
      if (!claim.isAvailable) continue;
      claim.reserve();
      return claim;
    }
    return undefined;
  }

  /**
   * Wakes the claims of a worker whose jobs have changed, so that they subscribe to the channels of
   * the new jobs.
   */
  refresh(workerId: string): void {
    for (const claim of this.#claims) {
      if (claim.workerId === workerId) claim.notify();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stopPolling();
    for (const group of this.#groups.values()) this.#removeGroup(group);
    this.#claims.clear();
  }

  #addGroup(jobs: LinkedJobs): ClaimGroup {
    const channels = jobs.ids.map((id) => this.#getChannel(id));
    const subscribed = Promise.all(channels.map((channel) => channel.subscribed));
    const group: ClaimGroup = { jobs, claims: new Set(), subscribed, removalTimer: undefined };
    for (const channel of channels) channel.groups.add(group);
    this.#groups.set(jobs.key, group);
    // If the subscription fails, `add` rejects for all claims of this group, and the group is
    // removed. The next claim then creates a new group, which subscribes again.
    subscribed.catch(() => this.#removeGroup(group));
    return group;
  }

  #getChannel(jobId: string): Channel {
    const existing = this.#channels.get(jobId);
    if (existing !== undefined) return existing;
    const subscribed = this.#bus.subscribe(getJobChannel(jobId), (event) => this.#onEvent(jobId, event));
    const channel = { groups: new Set<ClaimGroup>(), subscribed };
    this.#channels.set(jobId, channel);
    return channel;
  }

  #leave(claim: WaitingClaim): void {
    const { group } = claim;
    claim.group = undefined;
    if (group === undefined || !group.claims.delete(claim) || group.claims.size > 0) return;
    group.removalTimer = setTimeout(() => this.#removeGroup(group), UNSUBSCRIBE_DELAY_MS);
    group.removalTimer.unref();
  }

  #removeGroup(group: ClaimGroup): void {
    clearTimeout(group.removalTimer);
    if (this.#groups.get(group.jobs.key) === group) this.#groups.delete(group.jobs.key);
    for (const id of group.jobs.ids) {
      const channel = this.#channels.get(id);
      if (channel === undefined || !channel.groups.delete(group) || channel.groups.size > 0) continue;
      this.#channels.delete(id);
      channel.subscribed.then(
        (unsubscribe) => unsubscribe(),
        () => {},
      );
    }
  }

  #hasClaims(jobId: string): boolean {
    return [...(this.#channels.get(jobId)?.groups ?? [])].some(({ claims }) => claims.size > 0);
  }

  /**
   * Lists the claims that wait for a task of the job, in the order in which they started to wait.
   */
  *#listClaims(jobId: string): Iterable<WaitingClaim> {
    const groups = [...(this.#channels.get(jobId)?.groups ?? [])];
    const iterators = groups.map(({ claims }) => claims.values());
    const heads = iterators.map((iterator) => iterator.next().value);
    for (;;) {
      let first = -1;
      for (const [index, head] of heads.entries()) {
        if (head !== undefined && head.order < (heads[first]?.order ?? Infinity)) first = index;
      }
      const claim = heads[first];
      if (claim === undefined) return;
      yield claim;
      heads[first] = iterators[first]?.next().value;
    }
  }

  #onEvent(jobId: string, event: Event | undefined): void {
    if (event?.kind === "work-available" && event.count > 0) this.#wake(jobId, event.count);
    // A count of 0 announces a task that is not due yet. If the event is undefined, events may have
    // been lost. In both cases, a poll finds the tasks.
    else this.#schedulePoll(0);
  }

  /**
   * Wakes as many claims as are needed for `count` tasks, in the order in which they started to
   * wait.
   */
  #wake(jobId: string, count: number): void {
    let left = count;
    // Wakes reserved claims last. A claim is reserved while a new task is being inserted for it. If
    // that task is assigned to it, the claim ends, and cannot claim one of the `count` tasks.
    for (const includesReserved of [false, true]) {
      for (const claim of this.#listClaims(jobId)) {
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
      const groups = [...this.#groups.values()].filter(({ claims }) => claims.size > 0);
      const jobIds = [...new Set(groups.flatMap(({ jobs }) => jobs.ids))];
      if (jobIds.length > 0) {
        await this.#wakeForDueTasks(jobIds);
        const seconds = await this.#storage.tasks.getSecondsUntilDue(jobIds);
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
