import type { Client, ClientConfig } from "pg";
import { ConnectionLimit } from "./connection-limit.ts";
import { Session, SharedSessionError, type Sharing } from "./session.ts";
import { SessionQueue } from "./session-queue.ts";
import type { PlanMode, SessionSettings } from "./session-settings.ts";
import { StatementNames } from "./statement-names.ts";
import { isTooManyConnections } from "./storage-errors.ts";

/** How many sessions a pool has, and how many calls wait for one. */
export interface PoolUsage {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
}

export interface SessionPoolOptions {
  readonly client: ClientConfig;
  /** The driver's client, or a subclass of it. */
  readonly clientClass: typeof Client;
  /** Sessions for statements that the planner plans freely; `LOOKUP_SESSIONS` more are for lookups. */
  readonly freeSessions: number;
  readonly settings: Omit<SessionSettings, "plans">;
  /** How long a call waits for a session. */
  readonly waitMs: number;
}

/**
 * Sessions for lookups, which free statements leave alone: a slow list must not keep tasks from being claimed. One
 * statement of each kind is in flight at a time (they are batched), so more sessions would only wait.
 */
export const LOOKUP_SESSIONS = 4;

/** A session's plans are made again so often, should one of them have gone wrong all the same. */
const LIFETIME_MS = 300_000;
/** Sessions that idle for longer are closed, but for one of each kind: a task after a quiet minute should not wait. */
const IDLE_MS = 10_000;
const TIDY_EVERY_MS = 5_000;

const poolIsClosed = () => new Error("the pool of database sessions is closed");

/**
 * Sessions with one PostgreSQL, opened as calls need them. A call waits for any session that becomes free, not for a
 * connection of its own: if the server grants fewer connections than the pool would open, the pool gets along with those.
 */
export class SessionPool {
  /** Of the statements that its sessions have prepared. */
  readonly names = new StatementNames();
  readonly #options: SessionPoolOptions;
  readonly #grant: ConnectionLimit;
  readonly #sessions = new Set<Session>();
  readonly #idle: { readonly session: Session; readonly since: number }[] = [];
  readonly #busy = new Map<Session, PlanMode>();
  /** How many sessions are busy with each kind of statement. */
  readonly #used: Record<PlanMode, number> = { free: 0, lookup: 0 };
  readonly #queue = new SessionQueue();
  readonly #tidying: NodeJS.Timeout;
  #sharing: Sharing = "own";
  #opening = 0;
  /** Sessions that were opened before are not used again. */
  #openedAfter = 0;
  #ended: PromiseWithResolvers<void> | undefined;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
    this.#grant = new ConnectionLimit(options.freeSessions + LOOKUP_SESSIONS);
    this.#tidying = setInterval(() => this.#tidy(), TIDY_EVERY_MS).unref();
  }

  get use(): PoolUsage {
    return { busy: this.#busy.size, idle: this.#idle.length, waiting: this.#queue.size };
  }

  /** Whether sessions keep settings and prepared statements from one statement to the next. */
  get sharing(): Sharing {
    return this.#sharing;
  }

  /** False if one session held for long could keep the others from working. */
  get hasSpareSession(): boolean {
    return this.#grant.size > 2;
  }

  /** Calls back when the server refuses a connection that somebody waits for; the result stops that. */
  onConnectionRefused(listener: () => void): () => void {
    return this.#grant.whenRefused(listener);
  }

  /** Takes a session, which `release` must give back. Waits while none is free. */
  acquire(plans: PlanMode): Promise<Session> {
    if (this.#ended !== undefined) return Promise.reject(poolIsClosed());
    const idle = this.#queue.size === 0 && this.#mayUse(plans, 0) ? this.#takeIdle(plans) : undefined;
    return idle === undefined ? this.#wait(plans) : Promise.resolve(idle);
  }

  release(session: Session): void {
    const plans = this.#busy.get(session);
    if (plans === undefined) return;
    this.#busy.delete(session);
    this.#used[plans] -= 1;
    if (this.#ended !== undefined || !this.#isCurrent(session)) this.#close(session);
    else this.#putIdle(session);
    this.#serve();
  }

  /** Uses none of the sessions again that are open now: they lead to a server that takes no writes any more. */
  replaceSessions(): void {
    this.#openedAfter = performance.now();
  }

  /** Treats every session as one that a pooler shares with other clients. */
  share(): void {
    if (this.#sharing === "shared") return;
    this.#sharing = "shared";
    this.replaceSessions();
  }

  /** Closes the sessions once they are free. */
  end(): Promise<void> {
    if (this.#ended !== undefined) return this.#ended.promise;
    this.#ended = Promise.withResolvers<void>();
    clearInterval(this.#tidying);
    this.#grant.end();
    this.#queue.refuseAll(poolIsClosed());
    for (const { session } of this.#idle.splice(0)) this.#close(session);
    this.#serve();
    return this.#ended.promise;
  }

  /** How many sessions free statements may use: with few sessions, one is left for lookups. */
  get #mostFree(): number {
    const { size } = this.#grant;
    const left = size - Math.min(LOOKUP_SESSIONS, Math.floor(size / 2));
    return Math.max(1, Math.min(left, this.#options.freeSessions));
  }

  #mayUse(plans: PlanMode, planned: number): boolean {
    return this.#used[plans] + planned < (plans === "free" ? this.#mostFree : LOOKUP_SESSIONS);
  }

  #isCurrent(session: Session): boolean {
    const { isUsable, openedAt, sharing } = session;
    // Another server would take the place of a session that is closed while connections are scarce.
    const isYoung = performance.now() - openedAt < LIFETIME_MS || this.#grant.isScarce;
    return isUsable && openedAt > this.#openedAfter && isYoung && sharing === this.#sharing;
  }

  /** An idle session with these plans; one with others only if no more sessions can be opened. */
  #takeIdle(plans: PlanMode): Session | undefined {
    for (let index = this.#idle.length - 1; index >= 0; index -= 1) {
      const session = this.#idle[index]?.session;
      if (session === undefined) continue;
      if (!this.#isCurrent(session)) {
        this.#idle.splice(index, 1);
        this.#close(session);
      } else if (session.plans === plans) {
        return this.#take(index, plans);
      }
    }
    return this.#idle.length > 0 && !this.#mayOpen() ? this.#take(this.#idle.length - 1, plans) : undefined;
  }

  #take(index: number, plans: PlanMode): Session | undefined {
    const [taken] = this.#idle.splice(index, 1);
    if (taken === undefined) return undefined;
    const { session } = taken;
    session.setIdle(false);
    session.planWith(plans);
    this.#busy.set(session, plans);
    this.#used[plans] += 1;
    return session;
  }

  #putIdle(session: Session): void {
    session.setIdle(true);
    this.#idle.push({ session, since: performance.now() });
  }

  #close(session: Session): void {
    this.#sessions.delete(session);
    session.close();
  }

  #wait(plans: PlanMode): Promise<Session> {
    const waiting = this.#queue.wait(
      plans,
      this.#options.waitMs,
      () => this.#grant.refusal ?? new Error("no connection was free in time"),
    );
    this.#serve();
    return waiting;
  }

  /** Gives idle sessions to those who wait, and opens what is missing. */
  #serve(): void {
    if (this.#ended !== undefined && this.#sessions.size + this.#opening === 0) this.#ended.resolve();
    if (this.#queue.size === 0) return;
    this.#grant.grow();
    const missing = this.#queue.serve((plans, more) =>
      this.#mayUse(plans, more) ? (this.#takeIdle(plans) ?? "missing") : "full",
    );
    for (const plans of missing.slice(this.#opening)) {
      if (!this.#mayOpen()) break;
      void this.#open(plans);
    }
  }

  #mayOpen(): boolean {
    const isFull = this.#sessions.size + this.#opening >= this.#grant.size;
    return !isFull && this.#ended === undefined && !this.#grant.isPaused;
  }

  async #open(plans: PlanMode): Promise<void> {
    this.#opening += 1;
    const { client, clientClass, settings } = this.#options;
    const sharing = this.#sharing;
    try {
      const session = await Session.open(client, {
        clientClass,
        sharing,
        settings: { ...settings, plans },
        onLost: (lost) => this.#lose(lost),
      });
      this.#opening -= 1;
      this.#grant.opened();
      this.#sessions.add(session);
      if (this.#ended === undefined) this.#putIdle(session);
      else this.#close(session);
    } catch (error) {
      this.#opening -= 1;
      this.#failToOpen(error);
    }
    this.#serve();
  }

  #failToOpen(error: unknown): void {
    if (error instanceof SharedSessionError) {
      this.share();
    } else if (isTooManyConnections(error)) {
      const granted = this.#sessions.size + this.#opening;
      this.#grant.refused(granted, error);
      if (granted === 0) this.#grant.pause(() => this.#serve());
    } else if (this.#busy.size === 0) {
      // With no session at work there is none that could come back and serve them.
      this.#queue.refuseAll(error);
    } else {
      this.#queue.refuseFirst(error);
    }
  }

  #lose(session: Session): void {
    const index = this.#idle.findIndex((one) => one.session === session);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#sessions.delete(session);
    this.#serve();
  }

  #tidy(): void {
    const now = performance.now();
    const kept = new Set<PlanMode>();
    // The last ones were used last.
    for (const one of this.#idle.toReversed()) {
      const { session, since } = one;
      const isSpare = kept.has(session.plans) && now - since > IDLE_MS;
      if (!isSpare && this.#isCurrent(session)) {
        kept.add(session.plans);
        continue;
      }
      this.#idle.splice(this.#idle.indexOf(one), 1);
      this.#close(session);
    }
    this.#serve();
  }
}
