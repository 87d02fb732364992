type SettingValues = Readonly<Record<string, string>>;

/**
 * Settings that change the meaning or the results of joblib's statements. An administrator may have
 * set any of them for the database or the role (`ALTER DATABASE … SET`). Excludes
 * `default_transaction_read_only`, which prevents writes on a demoted server, and `role`, which
 * determines joblib's rights.
 */
const SEMANTICS: SettingValues = {
  datestyle: "ISO, YMD",
  timezone: "UTC",
  intervalstyle: "postgres",
  extra_float_digits: "1",
  bytea_output: "hex",
  client_encoding: "UTF8",
  standard_conforming_strings: "on",
  transform_null_equals: "off",
  array_nulls: "on",
  // READ COMMITTED is sufficient, because each statement repeats its whole condition.
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  exit_on_error: "off",
  // Turns all other timeouts off. `statement_timeout` also limits waits for locks, and the sweeper
  // keeps an idle transaction open for its advisory lock.
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  // Only newer versions of PostgreSQL have the next two settings. They are skipped in other
  // versions.
  idle_session_timeout: "0",
  transaction_timeout: "0",
};

const PLANNER_METHODS =
  "bitmapscan hashagg hashjoin indexonlyscan indexscan material mergejoin nestloop seqscan sort tidscan";

/**
 * Builds the planner settings that disable the given methods. All other planner settings have
 * PostgreSQL's defaults, except `jit`.
 */
const buildPlanner = (disabledMethods: readonly string[], planCacheMode: string): SettingValues => ({
  ...Object.fromEntries(
    PLANNER_METHODS.split(" ").map((name) => [
      `enable_${name}`,
      disabledMethods.includes(name) ? "off" : "on",
    ]),
  ),
  jit: "off",
  plan_cache_mode: planCacheMode,
});

/**
 * `lookup` is for the statements that run for every task. Its settings leave only one plan, which
 * finds each row by an index. Otherwise, the planner would use statistics, which are almost always
 * outdated for a queue. If the planner believes that only two tasks are pending, it reads all
 * pending tasks for every claim (2,900 instead of 5,900 task lifecycles per second). A plan for a
 * small table stays cached after the table has grown (the rate fell from 4,500 to 2,800). Plans are
 * cached, because planning takes longer than the statement itself: with planning, a claim takes 4.4
 * instead of 1.0 ms, a transition 2.1 instead of 1.2 ms, and 64 inserts 11 instead of 4 ms.
 */
const PLANNERS = {
  default: buildPlanner([], "auto"),
  lookup: buildPlanner(["bitmapscan", "hashjoin", "mergejoin", "seqscan", "sort"], "force_generic_plan"),
};

export type PlanMode = keyof typeof PLANNERS;

/**
 * A custom setting in joblib's start-up options. A session without this setting was opened by a
 * pooler that ignores start-up options.
 */
const SETTINGS_MARKER = "joblib.session";

export interface SessionSettings {
  readonly planMode: PlanMode;
  /** Timeout of a statement, in milliseconds. 0 means no timeout. */
  readonly statementTimeoutMs: number;
}

/**
 * Timeout of a statement if the ORM's configuration has none, and for all statements on the
 * sessions of a host application.
 */
export const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;

const getValues = ({ planMode, statementTimeoutMs }: SessionSettings): SettingValues => ({
  ...SEMANTICS,
  ...PLANNERS[planMode],
  statement_timeout: String(Math.ceil(statementTimeoutMs)),
});

export const buildStartupOptions = (configured: string | undefined): string =>
  [configured, `-c ${SETTINGS_MARKER}=on`].filter(Boolean).join(" ");

const toLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * Builds a statement that applies settings. All names are qualified, because the search path is not
 * set yet.
 */
function buildStatement(values: SettingValues, isLocal: boolean): string {
  const rows = Object.entries(values).map(([name, value]) => `(${toLiteral(name)}, ${toLiteral(value)})`);
  return [
    // Skips settings that this version of PostgreSQL does not have.
    `select pg_catalog.set_config(setting.name, setting.value, ${isLocal}) from (values ${rows.join(", ")}) as setting(name, value)
    where pg_catalog.current_setting(setting.name, true) is not null`,
    // Puts `pg_catalog` first in the search path, so that no schema can replace built-in functions
    // and operators. Keeps the other schemas, because a host application's trigger on a table of
    // joblib may need them.
    `select pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', 'pg_catalog',
      case when pg_catalog.length(pg_catalog.current_setting('search_path')) operator(pg_catalog.>) 0
        then pg_catalog.current_setting('search_path') end), ${isLocal})`,
    // With `synchronous_commit` = `off`, a crash loses acknowledged commits. `local` is the weakest
    // value that prevents this loss.
    `select pg_catalog.set_config('synchronous_commit', 'local', ${isLocal})
    where pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'`,
  ].join(" union all ");
}

/**
 * Builds the statement that applies all settings to the current transaction, for sessions that a
 * pooler or the host application also uses.
 */
export const buildTransactionSettings = (settings: SessionSettings): string =>
  buildStatement(getValues(settings), true);

export const buildEmbeddedSettings = (): string => buildStatement(SEMANTICS, false);

/**
 * Builds the first statement of a session. It applies all settings and returns rows, but only if
 * PostgreSQL received joblib's start-up options. Otherwise, a pooler has ignored the options, and
 * such a pooler also gives the session to other clients.
 */
export const buildSetUpStatement = (settings: SessionSettings): string => `
  select * from (${buildStatement(getValues(settings), false)} union all select 'set up') as done(name)
  where pg_catalog.current_setting('${SETTINGS_MARKER}', true) operator(pg_catalog.=) 'on'`;

export const buildPlanModeStatement = (planMode: PlanMode): string =>
  Object.entries(PLANNERS[planMode])
    .map(([name, value]) => `set ${name} = ${toLiteral(value)}`)
    .join("; ");
