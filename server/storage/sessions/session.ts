import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import type { Client, ClientConfig, CustomTypesConfig } from "pg";
import {
  buildPlanModeStatement,
  buildSetUpStatement,
  buildStartupOptions,
  buildTransactionSettings,
  type PlanMode,
  type SessionSettings,
} from "./session-settings.ts";
import { isSessionUnusable, isStartupOptionRefused } from "./storage-errors.ts";

declare module "pg" {
  // node-postgres documents these methods, but its types lack them.
  interface Client {
    ref(): void;
    unref(): void;
  }
}

/**
 * `shared`: a pooler gives the database session to other clients too, so settings and prepared
 * statements are lost after each transaction.
 */
export type Sharing = "own" | "shared";

export class SharedSessionError extends Error {
  override readonly name = "SharedSessionError";
}

interface SessionOptions {
  readonly client: ClientConfig;
  readonly clientClass: typeof Client;
  readonly sharing: Sharing;
  readonly settings: SessionSettings;
  /**
   * The names of prepared statements by text. A name refers to the same text in all sessions of a
   * pool.
   */
  readonly statementNames: Map<string, string>;
  readonly onLost: (session: Session) => void;
}

/**
 * Time after the statement timeout, in milliseconds, until the client considers the connection
 * dead.
 */
const RESPONSE_GRACE_MS = 2_000;

/**
 * Maximum number of prepared statements. joblib has fewer lookup statements. Statements beyond the
 * maximum are not prepared.
 */
const MAX_STATEMENT_NAMES = 200;

export class Session implements DatabaseConnection {
  readonly openedAt = performance.now();
  idleSince = 0;
  readonly #client: Client;
  readonly #options: SessionOptions;
  #activePlanMode: PlanMode;
  #planMode: PlanMode;
  #isInTransaction = false;
  #isBroken = false;

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.#client = new options.clientClass(buildClientConfig(options));
    // The parsers need the text format. The host application may have set `pg.defaults.binary`,
    // which no client option overrides.
    Object.assign(this.#client, { binary: false });
    this.#activePlanMode = options.settings.planMode;
    this.#planMode = options.settings.planMode;
    // An "error" event without a listener would end the process.
    this.#client.on("error", () => this.#handleLoss());
    this.#client.on("end", () => this.#handleLoss());
  }

  static async open(options: SessionOptions): Promise<Session> {
    const session = new Session(options);
    const isOwn = options.sharing === "own";
    try {
      await session.#client.connect();
      const done = isOwn ? await session.#send(buildSetUpStatement(options.settings)) : undefined;
      if (done?.rows.length === 0) throw new SharedSessionError("the pooler ignores start-up options");
      return session;
    } catch (error) {
      session.close();
      throw isOwn && isStartupOptionRefused(error)
        ? new SharedSessionError("the pooler refuses start-up options", { cause: error })
        : error;
    }
  }

  get sharing(): Sharing {
    return this.#options.sharing;
  }

  get planMode(): PlanMode {
    return this.#planMode;
  }

  get isUsable(): boolean {
    return !this.#isBroken;
  }

  /**
   * Marks the session as busy, and sets the plan mode of its next statements (see `PlanMode`). If
   * the mode of a session that is not shared changes, one more round trip sends the planner
   * settings before the next statement.
   */
  setBusy(planMode: PlanMode): void {
    this.#planMode = planMode;
    this.#client.ref();
  }

  /** Marks the session as idle. Idle sessions do not keep the process alive. */
  setIdle(): void {
    this.idleSince = performance.now();
    this.#client.unref();
  }

  /**
   * Runs a statement. Lookups are prepared statements, which the session parses and plans only
   * once.
   */
  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.sharing === "shared" && !this.#isInTransaction) return this.#runShared(sql, parameters);
    if (this.#activePlanMode !== this.#planMode) {
      await this.#send(buildPlanModeStatement(this.#planMode));
      this.#activePlanMode = this.#planMode;
    }
    const isPrepared = this.sharing === "own" && this.#planMode === "lookup";
    return this.#send(sql, parameters, isPrepared ? this.#getStatementName(sql) : undefined);
  }

  // biome-ignore lint/correctness/useYield: streaming is not supported
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error("statements are not streamed");
  }

  async begin(): Promise<void> {
    const begin = "begin isolation level read committed";
    const settings = { ...this.#options.settings, planMode: this.#planMode };
    this.#isInTransaction = true;
    await this.#send(this.sharing === "shared" ? `${begin}; ${buildTransactionSettings(settings)}` : begin);
  }

  async commit(): Promise<void> {
    await this.#send("commit");
    this.#isInTransaction = false;
  }

  /** Never fails: the caller reports the error that caused the rollback. */
  async rollback(): Promise<void> {
    try {
      if (this.isUsable) await this.#send("rollback");
    } catch {
      this.#isBroken = true;
    }
    this.#isInTransaction = false;
  }

  close(): void {
    this.#isBroken = true;
    // `end` fails if the connection is already lost.
    this.#client.end().catch(() => {});
  }

  /**
   * Runs a statement in its own transaction, because a shared session loses its settings when a
   * transaction ends.
   */
  async #runShared<Row>(text: string, values: readonly unknown[]): Promise<QueryResult<Row>> {
    try {
      await this.begin();
      const result = await this.#send<Row>(text, values);
      await this.commit();
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  async #send<Row>(text: string, values: readonly unknown[] = [], name?: string): Promise<QueryResult<Row>> {
    try {
      const query = { text, values: [...values], ...(name !== undefined && { name }) };
      const { rows } = await this.#client.query<Row & Record<string, unknown>>(query);
      return { rows };
    } catch (error) {
      if (isSessionUnusable(error)) this.#isBroken = true;
      throw error;
    }
  }

  #getStatementName(text: string): string | undefined {
    const { statementNames } = this.#options;
    const known = statementNames.get(text);
    if (known !== undefined || statementNames.size >= MAX_STATEMENT_NAMES) return known;
    const name = `joblib_${statementNames.size}`;
    statementNames.set(text, name);
    return name;
  }

  #handleLoss(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#options.onLost(this);
  }
}

function buildClientConfig({ client, sharing, settings }: SessionOptions): ClientConfig {
  const { statementTimeoutMs } = settings;
  return {
    ...client,
    // pg reads PGOPTIONS only if its option `options` is not set, so this code reads the variable
    // as well.
    ...(sharing === "own" && { options: buildStartupOptions(client.options ?? process.env["PGOPTIONS"]) }),
    query_timeout: statementTimeoutMs === 0 ? 0 : statementTimeoutMs + RESPONSE_GRACE_MS,
    types: VALUE_PARSERS,
  };
}

const keepText = (text: string): string => text;

/**
 * Parsers of bool, int2, int4, float4 and float8 by `pg_type.oid`. Statements cast values of other
 * types to text.
 */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === "t",
  21: Number,
  23: Number,
  700: Number,
  701: Number,
};

/**
 * joblib has its own parsers, because the parsers of `pg.types` are global in the process, and the
 * host application may replace them.
 */
const VALUE_PARSERS: CustomTypesConfig = { getTypeParser: (oid: number) => PARSERS[oid] ?? keepText };
