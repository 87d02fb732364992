import type { Client, ClientConfig } from "pg";
import { ConnectionLimit } from "./connection-limit.ts";
import { Session, SharedSessionError, type Sharing } from "./session.ts";
import { SessionQueue } from "./session-queue.ts";
import type { PlanMode, SessionSettings } from "./session-settings.ts";
import { StatementNames } from "./statement-names.ts";
import { isTooManyConnections } from "./storage-errors.ts";

/** Number of sessions of a pool, and of calls that wait for one. */
export interface PoolUsage {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
}

export interface SessionPoolOptions {
  readonly client: ClientConfig;
  /** The driver's client, or a subclass of it. */
  readonly clientClass: typeof Client;
  /**
   * Maximum number of sessions for statements with default planner settings. There are `LOOKUP_SESSIONS` more
   * for lookups.
   */
  readonly defaultSessions: number;
  readonly settings: Omit<SessionSettings, "planMode">;
  /** Maximum time that a call waits for a session, in milliseconds. */
  readonly waitMs: number;
}

/**
 * Number of sessions that are reserved for lookups, so that a slow list does not delay claims. Lookups are
 * batched, so only one statement of each kind runs at a time, and more sessions would be idle.
 */
export const LOOKUP_SESSIONS = 4;

/** Maximum age of a session, so that a bad cached plan is not used forever. */
const MAX_AGE_MS = 300_000;
/**
 * Idle sessions are closed after this time. One session of each plan mode stays open, so that the next task
 * does not wait for a connection.
 */
const MAX_IDLE_MS = 10_000;
const CLEANUP_INTERVAL_MS = 5_000;

const createClosedError = () => new Error("the pool of database sessions is closed");

/**
 * A pool of sessions with one PostgreSQL database. They are opened on demand. A call waits for any session
 * that becomes free, so the pool also works if the server accepts fewer connections than the pool's maximum.
 */
export class SessionPool {
  /** Names of the prepared statements of the sessions. */
  readonly statementNames = new StatementNames();
  readonly #options: SessionPoolOptions;
  readonly #limit: ConnectionLimit;
  readonly #sessions = new Set<Session>();
  readonly #idle: { readonly session: Session; readonly since: number }[] = [];
  readonly #busy = new Map<Session, PlanMode>();
  /** Number of busy sessions of each plan mode. */
  readonly #busyCounts: Record<PlanMode, number> = { default: 0, lookup: 0 };
  readonly #queue = new SessionQueue();
  readonly #cleanupTimer: NodeJS.Timeout;
  #sharing: Sharing = "own";
  #opening = 0;
  /** Sessions that were opened before this time are not used again. */
  #openedAfter = 0;
  #ended: PromiseWithResolvers<void> | undefined;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
    this.#limit = new ConnectionLimit(options.defaultSessions + LOOKUP_SESSIONS);
    this.#cleanupTimer = setInterval(() => this.#cleanUp(), CLEANUP_INTERVAL_MS).unref();
  }

  get usage(): PoolUsage {
    return { busy: this.#busy.size, idle: this.#idle.length, waiting: this.#queue.size };
  }

  /** `own` if sessions keep settings and prepared statements between statements. */
  get sharing(): Sharing {
    return this.#sharing;
  }

  /**
   * False if there are so few sessions that a single one that is busy for a long time would block the other
   * calls.
   */
  get hasSpareSession(): boolean {
    return this.#limit.size > 2;
  }

  /**
   * Calls the listener when the server refuses a connection for which a call waits. Returns a function that
   * removes it.
   */
  onConnectionRefused(listener: () => void): () => void {
    return this.#limit.onRefused(listener);
  }

  /** Acquires a session, and waits until one is free. The caller must pass it to `release`. */
  acquire(planMode: PlanMode): Promise<Session> {
    if (this.#ended !== undefined) return Promise.reject(createClosedError());
    const idle = this.#queue.size === 0 && this.#canUse(planMode, 0) ? this.#takeIdle(planMode) : undefined;
    return idle === undefined ? this.#wait(planMode) : Promise.resolve(idle);
  }

  release(session: Session): void {
    const planMode = this.#busy.get(session);
    if (planMode === undefined) return;
    this.#busy.delete(session);
    this.#busyCounts[planMode] -= 1;
    if (this.#ended !== undefined || !this.#isCurrent(session)) this.#close(session);
    else this.#putIdle(session);
    this.#serve();
  }

  /** Replaces all open sessions, because they are connected to a server that has become read-only. */
  replaceSessions(): void {
    this.#openedAfter = performance.now();
  }

  /** Treats all sessions as shared, because a pooler also gives them to other clients. */
  shareSessions(): void {
    if (this.#sharing === "shared") return;
    this.#sharing = "shared";
    this.replaceSessions();
  }

  /** Closes the pool. Each session is closed as soon as it is free. */
  end(): Promise<void> {
    if (this.#ended !== undefined) return this.#ended.promise;
    this.#ended = Promise.withResolvers<void>();
    clearInterval(this.#cleanupTimer);
    this.#limit.stop();
    this.#queue.rejectAll(createClosedError());
    for (const { session } of this.#idle.splice(0)) this.#close(session);
    this.#serve();
    return this.#ended.promise;
  }

  /**
   * Maximum number of sessions for statements other than lookups. If there are few sessions, at least one is
   * left for lookups.
   */
  get #maxDefaultSessions(): number {
    const { size } = this.#limit;
    const remaining = size - Math.min(LOOKUP_SESSIONS, Math.floor(size / 2));
    return Math.max(1, Math.min(remaining, this.#options.defaultSessions));
  }

  #canUse(planMode: PlanMode, opening: number): boolean {
    return (
      this.#busyCounts[planMode] + opening <
      (planMode === "default" ? this.#maxDefaultSessions : LOOKUP_SESSIONS)
    );
  }

  #isCurrent(session: Session): boolean {
    const { isUsable, openedAt, sharing } = session;
    // If the limit is reduced, an old session stays open, because another client could take its connection.
    const isYoung = performance.now() - openedAt < MAX_AGE_MS || this.#limit.isReduced;
    return isUsable && openedAt > this.#openedAfter && isYoung && sharing === this.#sharing;
  }

  /**
   * Returns an idle session with this plan mode. Returns one with the other plan mode only if no more
   * sessions can be opened.
   */
  #takeIdle(planMode: PlanMode): Session | undefined {
    for (let index = this.#idle.length - 1; index >= 0; index -= 1) {
      const session = this.#idle[index]?.session;
      if (session === undefined) continue;
      if (!this.#isCurrent(session)) {
        this.#idle.splice(index, 1);
        this.#close(session);
      } else if (session.planMode === planMode) {
        return this.#take(index, planMode);
      }
    }
    return this.#idle.length > 0 && !this.#canOpen()
      ? this.#take(this.#idle.length - 1, planMode)
      : undefined;
  }

  #take(index: number, planMode: PlanMode): Session | undefined {
    const [idle] = this.#idle.splice(index, 1);
    if (idle === undefined) return undefined;
    const { session } = idle;
    session.setIdle(false);
    session.setPlanMode(planMode);
    this.#busy.set(session, planMode);
    this.#busyCounts[planMode] += 1;
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

  #wait(planMode: PlanMode): Promise<Session> {
    const waiting = this.#queue.wait(
      planMode,
      this.#options.waitMs,
      () => this.#limit.refusal ?? new Error("no connection was free in time"),
    );
    this.#serve();
    return waiting;
  }

  /** Passes idle sessions to waiting calls, and opens the missing ones. */
  #serve(): void {
    if (this.#ended !== undefined && this.#sessions.size + this.#opening === 0) this.#ended.resolve();
    if (this.#queue.size === 0) return;
    this.#limit.raise();
    const missing = this.#queue.serve((planMode, opening) =>
      this.#canUse(planMode, opening) ? (this.#takeIdle(planMode) ?? "missing") : "full",
    );
    for (const planMode of missing.slice(this.#opening)) {
      if (!this.#canOpen()) break;
      void this.#open(planMode);
    }
  }

  #canOpen(): boolean {
    const isFull = this.#sessions.size + this.#opening >= this.#limit.size;
    return !isFull && this.#ended === undefined && !this.#limit.isDelayed;
  }

  async #open(planMode: PlanMode): Promise<void> {
    this.#opening += 1;
    const { client, clientClass, settings } = this.#options;
    const sharing = this.#sharing;
    try {
      const session = await Session.open(client, {
        clientClass,
        sharing,
        settings: { ...settings, planMode },
        onLost: (lost) => this.#remove(lost),
      });
      this.#opening -= 1;
      this.#limit.recordSuccess();
      this.#sessions.add(session);
      if (this.#ended === undefined) this.#putIdle(session);
      else this.#close(session);
    } catch (error) {
      this.#opening -= 1;
      this.#handleOpenError(error);
    }
    this.#serve();
  }

  #handleOpenError(error: unknown): void {
    if (error instanceof SharedSessionError) {
      this.shareSessions();
    } else if (isTooManyConnections(error)) {
      const open = this.#sessions.size + this.#opening;
      this.#limit.recordRefusal(open, error);
      if (open === 0) this.#limit.delayRetry(() => this.#serve());
    } else if (this.#busy.size === 0) {
      // No session is busy, so none could become free for the waiting calls.
      this.#queue.rejectAll(error);
    } else {
      this.#queue.rejectFirst(error);
    }
  }

  #remove(session: Session): void {
    const index = this.#idle.findIndex((idle) => idle.session === session);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#sessions.delete(session);
    this.#serve();
  }

  #cleanUp(): void {
    const now = performance.now();
    const kept = new Set<PlanMode>();
    // The session that was used last is at the end.
    for (const idle of this.#idle.toReversed()) {
      const { session, since } = idle;
      const isSpare = kept.has(session.planMode) && now - since > MAX_IDLE_MS;
      if (!isSpare && this.#isCurrent(session)) {
        kept.add(session.planMode);
        continue;
      }
      this.#idle.splice(this.#idle.indexOf(idle), 1);
      this.#close(session);
    }
    this.#serve();
  }
}
