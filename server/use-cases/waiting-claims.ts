import { type Event, getJobChannel } from "../../protocol/index.ts";
import type { Log } from "../context.ts";
import type { EventBus, Unsubscribe } from "../events/event-bus.ts";
import type { Storage } from "../storage/storage.ts";
import { getPollInterval } from "./long-poll.ts";
import type { WaitingClaim } from "./waiting-claim.ts";

/** How long a job's channel is kept after its last waiter: a worker that is soon back finds it open. */
const LINGER_MS = 10_000;
const SHORTEST_PULSE_MS = 20;

interface Channel {
  readonly claims: Set<WaitingClaim>;
  readonly subscribed: Promise<Unsubscribe>;
  closing: NodeJS.Timeout | undefined;
}

/**
 * The claims of this process that wait for a task: each task wakes one of them, not all. One pulse for the whole
 * process, not one for each claim, looks for tasks that fell due or whose event was lost.
 */
export class WaitingClaims {
  readonly #channels = new Map<string, Channel>();
  readonly #claims = new Set<WaitingClaim>();
  readonly #bus: EventBus;
  readonly #storage: Pick<Storage, "tasks">;
  readonly #log: Log;
  readonly #passing = new Set<string>();
  #isPassing = false;
  #pulse: NodeJS.Timeout | undefined;
  #pulseAt = 0;
  #isPulsing = false;
  #pulseAgain = false;
  #isClosed = false;

  constructor({ bus, storage, log }: { bus: EventBus; storage: Pick<Storage, "tasks">; log: Log }) {
    this.#bus = bus;
    this.#storage = storage;
    this.#log = log;
  }

  get size(): number {
    return this.#claims.size;
  }

  /** Listens for the jobs; resolves once no event of theirs can be missed. */
  async add(claim: WaitingClaim, jobIds: readonly string[]): Promise<void> {
    const gone = claim.jobIds.filter((id) => !jobIds.includes(id));
    claim.jobIds = jobIds;
    this.#claims.add(claim);
    for (const id of gone) this.#leave(id, claim);
    await Promise.all(jobIds.map((id) => this.#join(id, claim)));
  }

  /** Ends a wait. A ring that it did not use goes to the next. */
  remove(claim: WaitingClaim): void {
    if (!this.#claims.delete(claim)) return;
    for (const id of claim.jobIds) this.#leave(id, claim);
    if (claim.isNotified) for (const id of claim.jobIds) this.#wake(id, 1);
    if (this.#claims.size === 0) this.#stopPulse();
  }

  /**
   * After a claim took something: whoever else waits is woken for what is left. One look at a time, for all who ask
   * meanwhile: of a thousand that were woken at once each would count what all the others are about to take.
   */
  async wakeOthers(jobIds: readonly string[]): Promise<void> {
    for (const id of jobIds) {
      if ((this.#channels.get(id)?.claims.size ?? 0) > 0) this.#passing.add(id);
    }
    if (this.#isPassing) return;
    this.#isPassing = true;
    try {
      while (this.#passing.size > 0) {
        const awaited = [...this.#passing];
        this.#passing.clear();
        await this.#wakeForDue(awaited);
      }
    } finally {
      this.#isPassing = false;
    }
  }

  /** The first that waits for the job and has nothing in view. */
  freeFor(jobId: string): WaitingClaim | undefined {
    for (const claim of this.#channels.get(jobId)?.claims ?? []) {
      if (claim.isAvailable) return claim;
    }
    return undefined;
  }

  /** The worker registered for another job, or left one: its waiting claims listen anew. */
  refresh(workerId: string): void {
    for (const claim of this.#claims) {
      if (claim.workerId === workerId) claim.notify();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stopPulse();
    for (const [id, channel] of this.#channels) this.#drop(id, channel);
    this.#claims.clear();
  }

  async #join(jobId: string, claim: WaitingClaim): Promise<void> {
    const known = this.#channels.get(jobId);
    const channel = known ?? {
      claims: new Set(),
      subscribed: this.#bus.subscribe(getJobChannel(jobId), (event) => this.#hear(jobId, event)),
      closing: undefined,
    };
    if (known === undefined) this.#channels.set(jobId, channel);
    clearTimeout(channel.closing);
    channel.closing = undefined;
    // The pulse knows nothing of a job that nobody waited for until now.
    if (channel.claims.size === 0) this.#schedule(0);
    channel.claims.add(claim);
    await channel.subscribed;
  }

  #leave(jobId: string, claim: WaitingClaim): void {
    const channel = this.#channels.get(jobId);
    if (channel === undefined || !channel.claims.delete(claim) || channel.claims.size > 0) return;
    channel.closing = setTimeout(() => this.#drop(jobId, channel), LINGER_MS);
    channel.closing.unref();
  }

  #drop(jobId: string, channel: Channel): void {
    clearTimeout(channel.closing);
    this.#channels.delete(jobId);
    channel.subscribed.then(
      (unsubscribe) => unsubscribe(),
      () => {},
    );
  }

  #hear(jobId: string, event: Event | undefined): void {
    if (event?.kind === "work-available" && event.count > 0) this.#wake(jobId, event.count);
    // A count of 0 is a task that falls due later; no event at all means that some may have been missed.
    else this.#schedule(0);
  }

  /** Wakes, in the order in which they came, as many as the tasks need. */
  #wake(jobId: string, count: number): void {
    let left = count;
    // A task is on its way to a reserved one, which may never hear the ring: the others first.
    for (const mayBeReserved of [false, true]) {
      for (const claim of this.#channels.get(jobId)?.claims ?? []) {
        if (left <= 0) return;
        if (claim.isNotified || claim.isReserved !== mayBeReserved) continue;
        claim.notify();
        left -= claim.limit;
      }
    }
  }

  async #wakeForDue(jobIds: readonly string[]): Promise<void> {
    const counts = await this.#storage.tasks.countDue(jobIds, this.#claims.size * 2 + 1);
    for (const [jobId, count] of counts) this.#wake(jobId, count);
  }

  #schedule(milliseconds: number): void {
    if (this.#isClosed || this.#claims.size === 0) return;
    if (this.#isPulsing) {
      this.#pulseAgain ||= milliseconds === 0;
      return;
    }
    const at = performance.now() + Math.max(milliseconds, SHORTEST_PULSE_MS);
    if (this.#pulse !== undefined && this.#pulseAt <= at) return;
    clearTimeout(this.#pulse);
    this.#pulseAt = at;
    this.#pulse = setTimeout(() => void this.#beat(), at - performance.now());
    this.#pulse.unref();
  }

  #stopPulse(): void {
    clearTimeout(this.#pulse);
    this.#pulse = undefined;
  }

  async #beat(): Promise<void> {
    this.#isPulsing = true;
    this.#pulse = undefined;
    this.#pulseAgain = false;
    let next = getPollInterval(this.#bus);
    try {
      const jobIds = [...this.#channels].filter(([, { claims }]) => claims.size > 0).map(([id]) => id);
      if (jobIds.length > 0) {
        await this.#wakeForDue(jobIds);
        const seconds = await this.#storage.tasks.getSecondsUntilDue(jobIds);
        // What is due by now has just woken somebody; it is looked at again if nobody took it.
        if (seconds !== undefined) next = Math.min(next, seconds > 0 ? seconds * 1000 + 1 : 500);
      }
    } catch (error) {
      this.#log.warn({ err: error }, "waiting claims could not look for due tasks");
      next = Math.min(next, 1000);
    }
    this.#isPulsing = false;
    this.#schedule(this.#pulseAgain ? 0 : next);
  }
}
