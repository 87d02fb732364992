import type { Client, ClientConfig } from "pg";
import {
  buildPlanModeStatement,
  buildSetUpStatement,
  buildStartupOptions,
  buildTransactionSettings,
  type PlanMode,
  type SessionSettings,
  type SetUpRow,
} from "./session-settings.ts";
import { isSessionUnusable, isStartupOptionRefused } from "./storage-errors.ts";
import { valueParsers } from "./value-parsers.ts";

declare module "pg" {
  // node-postgres documents these methods, but its types lack them.
  interface Client {
    ref(): void;
    unref(): void;
  }
}

/** A statement. If it has a name, it is a prepared statement: each session parses and plans it only once. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly name?: string | undefined;
}

export interface StatementResult<Row> {
  readonly rows: Row[];
  /** Null for a command that neither returns nor changes rows. */
  readonly rowCount: number | null;
  readonly command: string;
}

/**
 * `own`: only joblib uses the server's session. `shared`: a pooler in transaction mode also gives it to other
 * clients, so it keeps neither settings nor prepared statements.
 */
export type Sharing = "own" | "shared";

/** Thrown if a pooler refuses or ignores start-up options. The database can still be used with shared sessions. */
export class SharedSessionError extends Error {}

/** Time after the statement timeout until the client considers the connection dead. */
const RESPONSE_GRACE_MS = 2_000;

const buildClientConfig = (
  config: ClientConfig,
  sharing: Sharing,
  settings: SessionSettings,
): ClientConfig => ({
  ...config,
  // The driver reads PGOPTIONS only if no options are set, so this code reads it as well.
  ...(sharing === "own" && { options: buildStartupOptions(config.options ?? process.env["PGOPTIONS"]) }),
  query_timeout: settings.statementTimeoutMs === 0 ? 0 : settings.statementTimeoutMs + RESPONSE_GRACE_MS,
  types: valueParsers,
});

/** The options of a session. The configuration of its connection is separate. */
export interface SessionSetup {
  readonly clientClass: typeof Client;
  readonly sharing: Sharing;
  readonly settings: SessionSettings;
  /** Called if the connection is lost. */
  readonly onLost: (session: Session) => void;
}

/** A connection to PostgreSQL with the settings and the parsers that joblib's statements rely on. */
export class Session {
  readonly sharing: Sharing;
  readonly openedAt = performance.now();
  readonly #client: Client;
  readonly #settings: SessionSettings;
  /** The plan mode that is set on the server at the moment. */
  #activePlanMode: PlanMode;
  /** The plan mode of the next statement. */
  #planMode: PlanMode;
  #isInTransaction = false;
  #isBroken = false;

  private constructor(client: Client, sharing: Sharing, settings: SessionSettings) {
    this.#client = client;
    this.sharing = sharing;
    this.#settings = settings;
    this.#activePlanMode = settings.planMode;
    this.#planMode = settings.planMode;
  }

  /** Connects and applies the settings. */
  static async open(
    config: ClientConfig,
    { clientClass, sharing, settings, onLost }: SessionSetup,
  ): Promise<Session> {
    const client = new clientClass(buildClientConfig(config, sharing, settings));
    // The parsers need the text format. A host may have set `pg.defaults.binary`, which no client option overrides.
    Object.assign(client, { binary: false });
    const session = new Session(client, sharing, settings);
    // A lost connection rejects the running statement in any case, but an "error" event without a listener
    // would end the process.
    client.on("error", () => session.#handleLoss(onLost));
    client.on("end", () => session.#handleLoss(onLost));
    try {
      await client.connect();
      if (sharing === "own") {
        const { rows } = await session.#send<SetUpRow>({ text: buildSetUpStatement(settings), values: [] });
        if (rows.length === 0) throw new SharedSessionError("the pooler ignores start-up options");
      }
      return session;
    } catch (error) {
      session.close();
      throw sharing === "own" && isStartupOptionRefused(error)
        ? new SharedSessionError("the pooler refuses start-up options", { cause: error })
        : error;
    }
  }

  /** False after a lost connection or an error that makes the session unusable. */
  get isUsable(): boolean {
    return !this.#isBroken;
  }

  get planMode(): PlanMode {
    return this.#planMode;
  }

  /**
   * Sets the plan mode for the next statements. If it differs, the next statement takes one more round trip.
   */
  setPlanMode(planMode: PlanMode): void {
    this.#planMode = planMode;
  }

  /** Runs a statement: on its own, or in the transaction that `begin` has opened. */
  async run<Row>(statement: Statement): Promise<StatementResult<Row>> {
    if (this.sharing === "shared" && !this.#isInTransaction) return this.#runShared(statement);
    if (this.#activePlanMode !== this.#planMode) {
      await this.#send({ text: buildPlanModeStatement(this.#planMode), values: [] });
      this.#activePlanMode = this.#planMode;
    }
    return this.#send(statement);
  }

  async begin(): Promise<void> {
    const settings = buildTransactionSettings({ ...this.#settings, planMode: this.#planMode });
    const begin = "begin isolation level read committed";
    this.#isInTransaction = true;
    await this.#send({ text: this.sharing === "shared" ? `${begin}; ${settings}` : begin, values: [] });
  }

  async commit(): Promise<void> {
    await this.#send({ text: "commit", values: [] });
    this.#isInTransaction = false;
  }

  /** Rolls back the transaction. Never fails: the caller reports the error that caused the rollback. */
  async rollback(): Promise<void> {
    try {
      if (this.isUsable) await this.#send({ text: "rollback", values: [] });
    } catch {
      this.#isBroken = true;
    }
    this.#isInTransaction = false;
  }

  /** Marks the session as idle or busy. Idle sessions do not keep the process alive. */
  setIdle(isIdle: boolean): void {
    if (isIdle) this.#client.unref();
    else this.#client.ref();
  }

  close(): void {
    this.#isBroken = true;
    // `end` fails if the connection is already lost.
    this.#client.end().catch(() => {});
  }

  /**
   * Runs a single statement in its own transaction, because a shared session loses its settings at the end of
   * a transaction.
   */
  async #runShared<Row>(statement: Statement): Promise<StatementResult<Row>> {
    try {
      await this.begin();
      const result = await this.#send<Row>({ text: statement.text, values: statement.values });
      await this.commit();
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  async #send<Row>({ text, values, name }: Statement): Promise<StatementResult<Row>> {
    try {
      return await this.#client.query<Row & Record<string, unknown>>({
        text,
        values: [...values],
        ...(name !== undefined && { name }),
      });
    } catch (error) {
      if (isSessionUnusable(error)) this.#isBroken = true;
      throw error;
    }
  }

  #handleLoss(onLost: (session: Session) => void): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    onLost(this);
  }
}
