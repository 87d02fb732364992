import { Client } from "pg";
import { afterAll, beforeAll, describe, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createDatabase } from "../../support/postgres.ts";
import { openApi } from "../http/api.ts";
import { runTaskLifecycle } from "./task-lifecycle.ts";

/** Database settings that an administrator may have changed. Each element is tested separately. */
const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  { datestyle: "SQL, DMY" },
  { datestyle: "German", intervalstyle: "iso_8601", timezone: "Asia/Kathmandu" },
  { datestyle: "Postgres, MDY", intervalstyle: "sql_standard", timezone: "America/St_Johns" },
  { bytea_output: "escape", extra_float_digits: "-15", xmloption: "document" },
  { default_transaction_isolation: "serializable", default_transaction_deferrable: "on" },
  { default_transaction_isolation: "repeatable read" },
  { search_path: "hostile, pg_catalog" },
  { standard_conforming_strings: "off", backslash_quote: "on", escape_string_warning: "off" },
  { transform_null_equals: "on", array_nulls: "off", quote_all_identifiers: "on" },
  { client_encoding: "LATIN1", lc_messages: "C", lc_numeric: "C", lc_time: "C", lc_monetary: "C" },
  {
    statement_timeout: "1s",
    lock_timeout: "1",
    idle_in_transaction_session_timeout: "1s",
    idle_session_timeout: "1s",
  },
  { row_security: "off", check_function_bodies: "off", default_toast_compression: "pglz" },
  { session_replication_role: "replica" },
  { synchronous_commit: "off", exit_on_error: "on" },
  { plan_cache_mode: "force_custom_plan", jit: "on", jit_above_cost: "0", jit_optimize_above_cost: "0" },
  { enable_indexscan: "off", enable_indexonlyscan: "off", enable_tidscan: "off", enable_nestloop: "off" },
  { enable_material: "off", enable_memoize: "off", enable_incremental_sort: "off", enable_hashagg: "off" },
  { gin_fuzzy_search_limit: "1", from_collapse_limit: "1", join_collapse_limit: "1", geqo_threshold: "2" },
  { force_parallel_mode: "on", default_statistics_target: "1", work_mem: "64kB", constraint_exclusion: "on" },
];

/**
 * SQL that creates a schema in front of `pg_catalog` in the search path. The schema contains
 * functions and an operator that hide those of PostgreSQL, and tables with the names of joblib's
 * tables.
 */
const HOSTILE_SCHEMA = `
  create schema hostile;
  create function hostile.now() returns timestamptz language sql as 'select timestamptz ''1999-01-01''';
  create function hostile.clock_timestamp() returns timestamptz language sql as 'select timestamptz ''1999-01-01''';
  create function hostile.coalesce_text(text) returns text language sql as 'select $1';
  create function hostile.md5(text) returns text language sql as 'select ''same''';
  create function hostile.set_config(text, text, boolean) returns text language sql as 'select $1';
  create function hostile.current_setting(text, boolean) returns text language sql as 'select null::text';
  create function hostile.never(text, text) returns boolean language sql as 'select false';
  create operator hostile.= (leftarg = text, rightarg = text, function = hostile.never);
  create table hostile.task (id integer);
  create table hostile.job (id integer);
  create table hostile.worker (id integer);`;

let admin: Client;
beforeAll(async () => {
  admin = new Client({ connectionString: inject("postgresUrl") });
  await admin.connect();
});
afterAll(() => admin.end());

/**
 * Creates a database and its owner, and applies `settings` to the database or to the role. Returns
 * the database's URL.
 */
const createConfiguredDatabase = async (
  level: "database" | "role",
  settings: Readonly<Record<string, string>>,
) => {
  const url = new URL(await createDatabase(inject("postgresUrl")));
  const name = url.pathname.slice(1);
  const client = new Client({ connectionString: url.href });
  await client.connect();
  await client.query(HOSTILE_SCHEMA);
  await client.query(`create role ${name}_owner login; grant all on schema hostile to ${name}_owner;
    alter database ${name} owner to ${name}_owner`);
  await client.end();
  for (const [setting, value] of Object.entries(settings)) {
    const target = level === "database" ? `database ${name}` : `role ${name}_owner`;
    // The value of `search_path` is a list of names, so it must not be quoted as a single string.
    const text = setting === "search_path" ? value : `'${value}'`;
    await admin.query(`alter ${target} set ${setting} = ${text}`);
  }
  url.username = `${name}_owner`;
  return url.href;
};

describe.each(["database", "role"] as const)("settings of the %s", (level) => {
  test.each(
    SETTINGS,
  )(`settings of the ${level} do not change the behaviour of joblib: %o`, async (settings) => {
    const orm = await openDatabase({ url: await createConfiguredDatabase(level, settings) });
    onTestFinished(() => orm.close());
    await migrate(orm);
    const api = await openApi({ orm });
    onTestFinished(() => api.close());

    await runTaskLifecycle(api);
  });
});
