import type { Client, ClientConfig } from "pg";
import { ConnectionLimit } from "./connection-limit.ts";
import { Session, SharedSessionError, type Sharing } from "./session.ts";
import type { PlanMode } from "./session-settings.ts";
import { isTooManyConnections } from "./storage-errors.ts";

export interface PoolUsage {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
}

interface SessionPoolOptions {
  readonly client: ClientConfig;
  readonly clientClass: typeof Client;
  /**
   * Maximum number of sessions in the plan mode `default` (see `PlanMode`). The pool has
   * `LOOKUP_SESSIONS` more for lookups.
   */
  readonly defaultSessions: number;
  /** Timeout of a statement, and of a call that waits for a session, in milliseconds. */
  readonly statementTimeoutMs: number;
}

type WaitingCall = PromiseWithResolvers<Session>;

/**
 * Number of sessions that are reserved for lookups (statements that run for every task), so that a
 * slow query for a list does not delay claims. More sessions would be idle, because lookups are
 * batched.
 */
const LOOKUP_SESSIONS = 4;

/** Maximum age of a session, so that a bad cached plan is not used forever. */
const MAX_AGE_MS = 300_000;
/**
 * Idle sessions are closed after this time. One session of each plan mode stays open, so that the
 * next task does not have to wait for a new connection.
 */
const MAX_IDLE_MS = 10_000;
const CLEANUP_INTERVAL_MS = 5_000;

const createClosedError = () => new Error("the pool of database sessions is closed");

/**
 * A pool of sessions with one PostgreSQL database, opened on demand. A call waits for any session
 * that becomes free, so the pool also works if PostgreSQL accepts fewer connections than the pool's
 * maximum.
 */
export class SessionPool {
  readonly limit: ConnectionLimit;
  readonly #options: SessionPoolOptions;
  readonly #statementNames = new Map<string, string>();
  readonly #idle: Session[] = [];
  readonly #busy = new Set<Session>();
  readonly #waiting: Readonly<Record<PlanMode, Set<WaitingCall>>> = { default: new Set(), lookup: new Set() };
  readonly #cleanupTimer: NodeJS.Timeout;
  #lastServed: PlanMode = "default";
  #sharing: Sharing = "own";
  #opening = 0;
  /** Sessions that were opened before this time are not used again. */
  #openedAfter = 0;
  #ended: PromiseWithResolvers<void> | undefined;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
    this.limit = new ConnectionLimit(options.defaultSessions + LOOKUP_SESSIONS);
    this.#cleanupTimer = setInterval(() => this.#cleanUp(), CLEANUP_INTERVAL_MS).unref();
  }

  get usage(): PoolUsage {
    return { busy: this.#busy.size, idle: this.#idle.length, waiting: this.#waitingCount };
  }

  get sharing(): Sharing {
    return this.#sharing;
  }

  /**
   * True if the pool has more than two sessions. Work under a lock can use two of them, one for the
   * lock and one for its statements, so other calls need a third.
   */
  get hasSpareSession(): boolean {
    return this.limit.size > 2;
  }

  /** Acquires a session, and waits until one is free. The caller must pass it to `release`. */
  acquire(planMode: PlanMode): Promise<Session> {
    if (this.#ended !== undefined) return Promise.reject(createClosedError());
    const canTake = this.#waitingCount === 0 && this.#canUse(planMode);
    const idle = canTake ? this.#takeIdle(planMode) : undefined;
    return idle === undefined ? this.#wait(planMode) : Promise.resolve(idle);
  }

  release(session: Session): void {
    const isOpen = this.#busy.delete(session);
    if (isOpen && this.#ended === undefined && this.#isCurrent(session)) this.#putIdle(session);
    else session.close();
    this.#serve();
  }

  replaceSessions(): void {
    this.#openedAfter = performance.now();
  }

  shareSessions(): void {
    if (this.#sharing === "shared") return;
    this.#sharing = "shared";
    this.replaceSessions();
  }

  end(): Promise<void> {
    if (this.#ended !== undefined) return this.#ended.promise;
    this.#ended = Promise.withResolvers<void>();
    clearInterval(this.#cleanupTimer);
    this.limit.stop();
    this.#reject(this.#listWaiting(), createClosedError());
    for (const session of this.#idle.splice(0)) session.close();
    this.#serve();
    return this.#ended.promise;
  }

  get #waitingCount(): number {
    return this.#waiting.lookup.size + this.#waiting.default.size;
  }

  #listWaiting(): WaitingCall[] {
    return [...this.#waiting.lookup, ...this.#waiting.default];
  }

  #countOpen(): number {
    return this.#idle.length + this.#busy.size + this.#opening;
  }

  #canUse(planMode: PlanMode, additional = 0): boolean {
    const count = additional + [...this.#busy].filter((session) => session.planMode === planMode).length;
    if (planMode === "lookup") return count < LOOKUP_SESSIONS;
    // Reserves `LOOKUP_SESSIONS` sessions for lookups or, if that is more than half of the limit,
    // half of it (rounded down). With a limit of 1, no session is reserved.
    const { size } = this.limit;
    const remaining = size - Math.min(LOOKUP_SESSIONS, Math.floor(size / 2));
    return count < Math.max(1, Math.min(remaining, this.#options.defaultSessions));
  }

  #canOpen(): boolean {
    const isFull = this.#countOpen() >= this.limit.size;
    return !isFull && this.#ended === undefined && !this.limit.isDelayed;
  }

  #isCurrent({ isUsable, openedAt, sharing }: Session): boolean {
    // While PostgreSQL refuses connections, old sessions stay open, because another client could
    // take the connection of a closed session.
    const isYoung = performance.now() - openedAt < MAX_AGE_MS || this.limit.isReduced;
    return isUsable && openedAt > this.#openedAfter && isYoung && sharing === this.#sharing;
  }

  /**
   * Returns an idle session. Returns one with the other plan mode only if no more sessions can be
   * opened.
   */
  #takeIdle(planMode: PlanMode): Session | undefined {
    this.#closeIdle((idle) => !this.#isCurrent(idle));
    const session =
      this.#idle.findLast((idle) => idle.planMode === planMode) ??
      (this.#canOpen() ? undefined : this.#idle.at(-1));
    if (session === undefined) return undefined;
    this.#idle.splice(this.#idle.indexOf(session), 1);
    this.#busy.add(session);
    session.setBusy(planMode);
    return session;
  }

  #putIdle(session: Session): void {
    session.setIdle();
    this.#idle.push(session);
  }

  #closeIdle(mustClose: (session: Session) => boolean): void {
    for (const session of this.#idle.filter(mustClose)) {
      this.#idle.splice(this.#idle.indexOf(session), 1);
      session.close();
    }
  }

  async #wait(planMode: PlanMode): Promise<Session> {
    const call = Promise.withResolvers<Session>();
    this.#waiting[planMode].add(call);
    const timer = setTimeout(
      () => this.#reject([call], this.limit.refusal ?? new Error("no connection was free in time")),
      this.#options.statementTimeoutMs,
    );
    this.#serve();
    try {
      return await call.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #serve(): void {
    if (this.#ended !== undefined && this.#countOpen() === 0) this.#ended.resolve();
    if (this.#waitingCount === 0) return;
    this.limit.raise();
    // The plan modes take turns, so that none of them starves if there is only one session.
    const isDefaultFirst = this.#lastServed === "lookup";
    const order = isDefaultFirst ? (["default", "lookup"] as const) : (["lookup", "default"] as const);
    const missing = order.flatMap((planMode) => this.#serveIdle(planMode));
    for (const planMode of missing.slice(this.#opening)) {
      if (!this.#canOpen()) break;
      void this.#open(planMode);
    }
  }

  #serveIdle(planMode: PlanMode): PlanMode[] {
    const missing: PlanMode[] = [];
    for (const call of this.#waiting[planMode]) {
      if (!this.#canUse(planMode, missing.length)) break;
      const session = this.#takeIdle(planMode);
      if (session === undefined) {
        missing.push(planMode);
        continue;
      }
      this.#lastServed = planMode;
      this.#waiting[planMode].delete(call);
      call.resolve(session);
    }
    return missing;
  }

  async #open(planMode: PlanMode): Promise<void> {
    this.#opening += 1;
    const { client, clientClass, statementTimeoutMs } = this.#options;
    try {
      const session = await Session.open({
        ...{ client, clientClass, sharing: this.#sharing, settings: { planMode, statementTimeoutMs } },
        statementNames: this.#statementNames,
        onLost: (lost) => {
          this.#busy.delete(lost);
          this.#closeIdle((idle) => idle === lost);
          this.#serve();
        },
      });
      this.#opening -= 1;
      this.limit.recordSuccess();
      if (this.#ended === undefined) this.#putIdle(session);
      else session.close();
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
      const open = this.#countOpen();
      this.limit.recordRefusal(open, error);
      if (open === 0) this.limit.delayRetry(() => this.#serve());
    } else {
      // If no session is busy, none can become free for the other waiting calls, so all of them
      // fail.
      const waiting = this.#listWaiting();
      this.#reject(this.#busy.size === 0 ? waiting : waiting.slice(0, 1), error);
    }
  }

  #reject(calls: readonly WaitingCall[], error: unknown): void {
    for (const call of calls) {
      this.#waiting.lookup.delete(call);
      this.#waiting.default.delete(call);
      call.reject(error);
    }
  }

  #cleanUp(): void {
    this.#closeIdle((session) => !this.#isCurrent(session));
    const isLatest = (session: Session) =>
      session === this.#idle.findLast(({ planMode }) => planMode === session.planMode);
    const idleBefore = performance.now() - MAX_IDLE_MS;
    this.#closeIdle((session) => session.idleSince < idleBefore && !isLatest(session));
    this.#serve();
  }
}
