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
  // Documented by node-postgres, and missing in its types.
  interface Client {
    ref(): void;
    unref(): void;
  }
}

/** A statement; with a name, the server parses and plans its text once for each session. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly name?: string | undefined;
}

export interface StatementResult<Row> {
  readonly rows: Row[];
  /** Null for a command that touches no rows. */
  readonly rowCount: number | null;
  readonly command: string;
}

/**
 * Who else uses the server's session: nobody (`own`), or other clients of a pooler, each for a transaction (`shared`).
 * A shared session keeps neither settings nor prepared statements.
 */
export type Sharing = "own" | "shared";

/** Thrown if a pooler takes no start-up options or ignores them; the session can still be used as a shared one. */
export class SharedSessionError extends Error {}

/** The server's answer is waited for a little longer than it may take; then the connection is taken for dead. */
const GRACE_MS = 2_000;

const clientConfig = (config: ClientConfig, sharing: Sharing, settings: SessionSettings): ClientConfig => ({
  ...config,
  // The driver reads PGOPTIONS only if there are no others.
  ...(sharing === "own" && { options: buildStartupOptions(config.options ?? process.env["PGOPTIONS"]) }),
  query_timeout: settings.statementTimeoutMs === 0 ? 0 : settings.statementTimeoutMs + GRACE_MS,
  types: valueParsers,
});

/** Everything that opening a session needs besides the connection's address. */
export interface SessionSetup {
  readonly clientClass: typeof Client;
  readonly sharing: Sharing;
  readonly settings: SessionSettings;
  /** Called if the connection ends by itself. */
  readonly onLost: (session: Session) => void;
}

/** A connection to PostgreSQL with the settings and the parsers that joblib's statements rely on. */
export class Session {
  readonly sharing: Sharing;
  readonly openedAt = performance.now();
  readonly #client: Client;
  readonly #settings: SessionSettings;
  /** What the server plans with at the moment. */
  #plans: PlanMode;
  /** What the next statement is to be planned with. */
  #wanted: PlanMode;
  #isInTransaction = false;
  #isBroken = false;

  private constructor(client: Client, sharing: Sharing, settings: SessionSettings) {
    this.#client = client;
    this.sharing = sharing;
    this.#settings = settings;
    this.#plans = settings.plans;
    this.#wanted = settings.plans;
  }

  /** Connects and sets the session up. */
  static async open(
    config: ClientConfig,
    { clientClass, sharing, settings, onLost }: SessionSetup,
  ): Promise<Session> {
    const client = new clientClass(clientConfig(config, sharing, settings));
    // The parsers read text, and a host may have set `pg.defaults.binary`, which no option of a client undoes.
    Object.assign(client, { binary: false });
    const session = new Session(client, sharing, settings);
    // A statement in flight rejects by itself; an "error" without a listener would end the process.
    client.on("error", () => session.#lose(onLost));
    client.on("end", () => session.#lose(onLost));
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

  /** False once the session has answered, or lost its connection, in a way after which it must not be used again. */
  get isUsable(): boolean {
    return !this.#isBroken;
  }

  get plans(): PlanMode {
    return this.#wanted;
  }

  /** Sets which plans the following statements have; it costs a round trip if they had others. */
  planWith(plans: PlanMode): void {
    this.#wanted = plans;
  }

  /** Runs a statement: on its own, or in the transaction that `begin` has opened. */
  async run<Row>(statement: Statement): Promise<StatementResult<Row>> {
    if (this.sharing === "shared" && !this.#isInTransaction) return this.#runShared(statement);
    if (this.#plans !== this.#wanted) {
      await this.#send({ text: buildPlanModeStatement(this.#wanted), values: [] });
      this.#plans = this.#wanted;
    }
    return this.#send(statement);
  }

  async begin(): Promise<void> {
    const pins = buildTransactionSettings({ ...this.#settings, plans: this.#wanted });
    const begin = "begin isolation level read committed";
    this.#isInTransaction = true;
    await this.#send({ text: this.sharing === "shared" ? `${begin}; ${pins}` : begin, values: [] });
  }

  async commit(): Promise<void> {
    await this.#send({ text: "commit", values: [] });
    this.#isInTransaction = false;
  }

  /** Undoes the transaction; never fails, because the error that led here is the one that counts. */
  async rollback(): Promise<void> {
    try {
      if (this.isUsable) await this.#send({ text: "rollback", values: [] });
    } catch {
      this.#isBroken = true;
    }
    this.#isInTransaction = false;
  }

  /** Lets the process end while nothing but idle sessions is left. */
  setIdle(isIdle: boolean): void {
    if (isIdle) this.#client.unref();
    else this.#client.ref();
  }

  close(): void {
    this.#isBroken = true;
    // A connection that is lost already has nobody to say goodbye to.
    this.#client.end().catch(() => {});
  }

  /** The settings hold for a transaction at most, so a lone statement gets one of its own. */
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

  #lose(onLost: (it: Session) => void): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    onLost(this);
  }
}
