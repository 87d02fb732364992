/** A setting and the value that joblib's statements need. */
type Pins = Readonly<Record<string, string>>;

/**
 * Settings that change what joblib's statements mean or return. An administrator may have set any of them for the
 * database or the role (`ALTER DATABASE … SET`), so each session sets its own.
 *
 * Not set on purpose:
 * - `default_transaction_read_only`: administrators use it to keep writers off a server that was demoted.
 * - `role`: it decides what joblib may do.
 * - `synchronous_commit`: see `pinStatement`.
 */
const MEANING: Pins = {
  // Times are read as "2026-01-31 12:00:00.5+00".
  datestyle: "ISO, YMD",
  timezone: "UTC",
  intervalstyle: "postgres",
  // Numbers keep all their digits.
  extra_float_digits: "1",
  bytea_output: "hex",
  client_encoding: "UTF8",
  standard_conforming_strings: "on",
  transform_null_equals: "off",
  array_nulls: "on",
  // Each statement repeats its whole condition, and so needs no more than READ COMMITTED.
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  // An error ends a statement, not the session.
  exit_on_error: "off",
  // joblib has one limit, `statement_timeout`. The sweeper keeps a transaction open for its lock.
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
};

/** The same for settings that only newer servers have: `set_config` skips what a server does not know. */
const MEANING_OF_NEWER_SERVERS: Pins = {
  idle_session_timeout: "0",
  transaction_timeout: "0",
};

/** How the planner works for statements that it should plan by itself. */
const FREE_PLANS: Pins = {
  enable_bitmapscan: "on",
  enable_hashagg: "on",
  enable_hashjoin: "on",
  enable_indexonlyscan: "on",
  enable_indexscan: "on",
  enable_material: "on",
  enable_mergejoin: "on",
  enable_nestloop: "on",
  enable_seqscan: "on",
  enable_sort: "on",
  enable_tidscan: "on",
  jit: "off",
  plan_cache_mode: "auto",
};

/**
 * How it works for the statements that every task goes through. A queue's statistics are nearly always wrong: if the
 * planner believes that two tasks are pending it reads all of them for every claim (2.9k instead of 5.9k lifecycles/s),
 * and a plan made while the table was small stays for ever (4.5k falling to 2.8k). These settings leave one plan, which
 * looks each row up by an index. It is kept, because planning took longer than the statement (a claim 4.4 instead of
 * 1.0 ms, a step 2.1 instead of 1.2, 64 inserts 11 instead of 4).
 */
const LOOKUP_PLANS: Pins = {
  ...FREE_PLANS,
  enable_bitmapscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  enable_seqscan: "off",
  enable_sort: "off",
  plan_cache_mode: "force_generic_plan",
};

/** Which plans a session makes: any (`free`), or lookups by an index only. */
export type PlanMode = "free" | "lookup";

/** A setting of our own that a session has if the server read our start-up option. */
const MARKER = "joblib.session";

/** What a session is set to. */
export interface SessionSettings {
  readonly plans: PlanMode;
  /** 0: no limit. */
  readonly statementTimeoutMs: number;
}

const pinsOf = ({ plans, statementTimeoutMs }: SessionSettings): Pins => ({
  ...MEANING,
  ...(plans === "free" ? FREE_PLANS : LOOKUP_PLANS),
  statement_timeout: String(Math.ceil(statementTimeoutMs)),
});

/** The start-up option that sets the marker: after those of the connection's owner. */
export const buildStartupOptions = (own: string | undefined): string =>
  [own, `-c ${MARKER}=on`].filter(Boolean).join(" ");

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const valuesOf = (pins: Pins): string =>
  Object.entries(pins)
    .map(([name, value]) => `(${literal(name)}, ${literal(value)})`)
    .join(", ");

/** `set_config` for each pin that this server knows, qualified because the search path is not ours yet. */
const setAll = (pins: Pins, isLocal: boolean): string => `
  select pg_catalog.set_config(pin.name, pin.value, ${isLocal}) from (values ${valuesOf(pins)}) as pin(name, value)
  where pg_catalog.current_setting(pin.name, true) is not null`;

/**
 * Built-in functions and operators come before those of any schema in the search path. The rest of the path stays: a
 * trigger that the host has put on a table of joblib's may rely on it. joblib names every table with its schema.
 */
const putBuiltInsFirst = (isLocal: boolean): string => `
  select pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', 'pg_catalog',
    case when pg_catalog.length(pg_catalog.current_setting('search_path')) operator(pg_catalog.>) 0
      then pg_catalog.current_setting('search_path') end), ${isLocal})`;

/** With `off` a crash of PostgreSQL loses commits that were acknowledged; `local` is the least that does not. */
const keepCommits = (isLocal: boolean): string => `
  select pg_catalog.set_config('synchronous_commit', 'local', ${isLocal})
  where pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'`;

const setEverything = (pins: Pins, isLocal: boolean): string =>
  [setAll(pins, isLocal), putBuiltInsFirst(isLocal), keepCommits(isLocal)].join(" union all ");

/**
 * Builds the statement that sets everything for one transaction. It is what is left if a session is not ours alone: a
 * pooler shares it with other clients, or the host application's ORM with the host.
 */
export const buildTransactionSettings = (settings: SessionSettings): string =>
  setEverything({ ...MEANING_OF_NEWER_SERVERS, ...pinsOf(settings) }, true);

/** Builds the statement that sets the embedded database's only session up; nobody else has a session there. */
export const buildEmbeddedSettings = (): string => setEverything(MEANING, false);

/** What the set-up statement answers: one row if the session has our start-up options, else none. */
export interface SetUpRow {
  readonly name: string;
}

/**
 * Builds the first statement of a session. It sets everything, and only if the server has read our start-up option: a
 * pooler may be configured to ignore those, and then the session belongs to its other clients too.
 */
export const buildSetUpStatement = (settings: SessionSettings): string => `
  select * from (
    ${setEverything({ ...MEANING_OF_NEWER_SERVERS, ...pinsOf(settings) }, false)} union all select 'set up'
  ) as done(name)
  where pg_catalog.current_setting('${MARKER}', true) operator(pg_catalog.=) 'on'`;

/** Builds the statement that changes which plans a session makes. */
export const buildPlanModeStatement = (plans: PlanMode): string => {
  const pins = plans === "free" ? FREE_PLANS : LOOKUP_PLANS;
  return Object.entries(pins)
    .map(([name, value]) => `set ${name} = ${literal(value)}`)
    .join("; ");
};
