import { sql } from "kysely";
import type { Orm, Sql, Tables } from "../sessions/orm.ts";
import { runOnOrm } from "../sessions/sessions.ts";
import type { DatabaseFinding } from "./unfit-database.ts";

/**
 * The oldest supported version of PostgreSQL: the migrations use `set compression`, which is new in
 * version 14.
 */
const MIN_POSTGRES_VERSION = 14;

/**
 * Databases that use PostgreSQL's protocol but cannot run joblib's SQL, recognized by their
 * `version()`.
 */
const OTHER_PRODUCTS =
  /CockroachDB|-YB-|Redshift|Greenplum|Materialize|CrateDB|openGauss|QuestDB|RisingWave/i;

export interface DatabaseFacts {
  readonly version: string;
  /** `server_version_num`: 150004 is 15.4. */
  readonly versionNumber: number;
  readonly encoding: string;
  readonly isStandby: boolean;
  /** True if transactions of the role or the database are read-only by default. */
  readonly isReadOnly: boolean;
}

function getOtherProduct(version: string): string | undefined {
  const name = OTHER_PRODUCTS.exec(version)?.[0];
  if (name !== undefined) return name === "-YB-" ? "YugabyteDB" : name;
  return /^(PostgreSQL|EnterpriseDB) \d/.test(version) ? undefined : version.slice(0, 80);
}

/**
 * Returns the reasons why joblib cannot use a database with these properties. An empty list means
 * that joblib can use it.
 */
export function checkDatabaseFacts(facts: DatabaseFacts): readonly DatabaseFinding[] {
  const findings: DatabaseFinding[] = [];
  const add = (kind: DatabaseFinding["kind"], problem: string, advice: string) =>
    findings.push({ kind, problem, advice });
  const versionAdvice = `use PostgreSQL ${MIN_POSTGRES_VERSION} or newer (joblib is tested with 15)`;
  const product = getOtherProduct(facts.version);
  if (product !== undefined) {
    add("unsupported", `the database is ${product}, not PostgreSQL`, versionAdvice);
    return findings;
  }
  const version = Math.floor(facts.versionNumber / 10_000);
  if (version < MIN_POSTGRES_VERSION) {
    add("unsupported", `the database is PostgreSQL ${version}`, versionAdvice);
  }
  if (facts.encoding !== "UTF8") {
    add(
      "unsupported",
      `the database's encoding is ${facts.encoding}, which cannot store every text`,
      "create another one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and move the data with pg_dump",
    );
  }
  if (facts.isStandby) {
    const advice = "connect to the primary, or promote the standby";
    add("read-only", "the database is a standby, which accepts no writes", advice);
  } else if (facts.isReadOnly) {
    add(
      "read-only",
      "the database's transactions are read-only by default",
      "reset default_transaction_read_only for the role and the database (ALTER ROLE …, ALTER DATABASE … RESET)",
    );
  }
  return findings;
}

async function readFacts(db: Sql): Promise<DatabaseFacts> {
  const answer = await sql<{ version: string }>`select version() as version`.execute(db);
  const version = answer.rows[0]?.version ?? "";
  // A database other than PostgreSQL may lack the functions of the next query.
  if (getOtherProduct(version) !== undefined) {
    return { version, versionNumber: 0, encoding: "", isStandby: false, isReadOnly: false };
  }
  const { rows } = await sql<Omit<DatabaseFacts, "version">>`
    select current_setting('server_version_num')::int as "versionNumber",
      current_setting('server_encoding') as encoding, pg_is_in_recovery() as "isStandby",
      current_setting('transaction_read_only') = 'on' as "isReadOnly"`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error("the query of the database's settings returned no row");
  return { version, ...row };
}

/**
 * Checks product, version, encoding and writability. Returns the reasons why joblib's tables cannot
 * be created.
 */
export const checkSuitability = (orm: Orm): Promise<readonly DatabaseFinding[]> =>
  runOnOrm(orm, async (db) => checkDatabaseFacts(await readFacts(db)));

/**
 * Returns the reasons why a joblib server cannot use the database with its database role. An empty
 * list means that the server can use it.
 */
export async function findDatabaseProblems(db: Sql): Promise<readonly DatabaseFinding[]> {
  const findings = checkDatabaseFacts(await readFacts(db));
  // The query for missing rights reads PostgreSQL's catalogs, which other products may lack.
  if (isUnsupported(findings)) return findings;
  return [...findings, ...(await findMissingRights(db))];
}

/**
 * Returns the same findings as `findDatabaseProblems`, but uses a connection of the ORM, so that it
 * works even if joblib cannot open its own sessions.
 */
export const checkDatabase = (orm: Orm): Promise<readonly DatabaseFinding[]> =>
  runOnOrm(orm, findDatabaseProblems);

export const isUnsupported = (findings: readonly DatabaseFinding[]): boolean =>
  findings.some(({ kind }) => kind === "unsupported");

type TablePrivilege = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

const ALL_BUT_UPDATE: readonly TablePrivilege[] = ["SELECT", "INSERT", "DELETE"];
const ALL_PRIVILEGES: readonly TablePrivilege[] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/** The privileges that the role of a server needs on each table of the schema `joblib`. */
export const TABLE_PRIVILEGES: Readonly<Record<keyof Tables | "migration", readonly TablePrivilege[]>> = {
  // No DELETE: a removed job is only marked by a timestamp.
  job: ["SELECT", "INSERT", "UPDATE"],
  worker: ALL_PRIVILEGES,
  worker_job: ALL_BUT_UPDATE,
  task: ALL_PRIVILEGES,
  task_listing: ALL_BUT_UPDATE,
  late_result: ALL_PRIVILEGES,
  room_queue: ALL_PRIVILEGES,
  task_log: ALL_BUT_UPDATE,
  task_output: ALL_BUT_UPDATE,
  invitation: ALL_PRIVILEGES,
  provider: ALL_PRIVILEGES,
  worker_provider: ALL_BUT_UPDATE,
  file: ALL_PRIVILEGES,
  file_content: ALL_PRIVILEGES,
  task_file: ALL_BUT_UPDATE,
  migration: ["SELECT"],
};

export const SEQUENCES: readonly string[] = ["task_number"];

/**
 * Functions that joblib calls. Every role may execute them, unless an administrator has revoked
 * this privilege from PUBLIC.
 */
const FUNCTIONS = [
  "pg_catalog.pg_advisory_xact_lock(bigint)",
  "pg_catalog.pg_try_advisory_xact_lock(bigint)",
];

interface MissingRow {
  /** The missing privileges, or `ROW SECURITY` if policies hide rows from the role. */
  privileges: string;
  /** `SCHEMA`, `TABLE`, `SEQUENCE` or `FUNCTION`, as in a GRANT. */
  kind: string;
  name: string;
  role: string;
}

export async function findMissingRights(db: Sql): Promise<readonly DatabaseFinding[]> {
  const rows = await findMissing(db);
  const hidden = rows.filter(({ privileges }) => privileges === "ROW SECURITY");
  const missing = rows.filter((row) => !hidden.includes(row));
  return [
    ...(missing.length === 0 ? [] : [describeMissing(missing)]),
    ...(hidden.length === 0 ? [] : [describeRowSecurity(hidden)]),
  ];
}

/**
 * Finds the missing privileges. Ignores objects that do not exist, because the migrations will
 * create them.
 */
async function findMissing(db: Sql): Promise<MissingRow[]> {
  const required = Object.entries(TABLE_PRIVILEGES).flatMap(([name, privileges]) =>
    privileges.map((privilege) => ({ name, privilege })),
  );
  // Functions such as `has_table_privilege` fail for an object of another kind, so the query reads
  // the kinds first.
  const { rows } = await sql<MissingRow>`
    with objects as materialized (
      select c.oid, c.relname as name, c.relkind as kind
      from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = 'joblib' and c.relkind in ('r', 'p', 'S')
    ),
    missing as (
      select 'USAGE' as privilege, 'SCHEMA' as kind, 'joblib' as name, 1 as position from pg_catalog.pg_namespace as n
      where n.nspname = 'joblib' and not has_schema_privilege(n.oid, 'USAGE')
      union all
      select w.privilege, 'TABLE', 'joblib.' || o.name, 2
      from jsonb_to_recordset(${JSON.stringify(required)}::jsonb) as w(name text, privilege text)
      join objects as o on o.name = w.name and o.kind <> 'S'
      where not has_table_privilege(o.oid, w.privilege)
      union all
      select 'ROW SECURITY', 'TABLE', 'joblib.' || o.name, 3 from objects as o
      where o.kind <> 'S' and row_security_active(o.oid)
      union all
      select 'USAGE', 'SEQUENCE', 'joblib.' || o.name, 4 from objects as o
      where case when o.kind = 'S' then not has_sequence_privilege(o.oid, 'USAGE') else false end
      union all
      select 'EXECUTE', 'FUNCTION', w.name, 5
      from jsonb_array_elements_text(${JSON.stringify(FUNCTIONS)}::jsonb) as w(name)
      where not has_function_privilege(w.name, 'EXECUTE')
    )
    select string_agg(privilege, ', ' order by privilege) as privileges, kind, name, quote_ident(current_user) as role
    from missing group by position, kind, name order by position, name`.execute(db);
  return rows;
}

/**
 * Maximum number of objects that a message lists. If more objects lack privileges, the suggested
 * GRANT statements apply to all tables or all sequences.
 */
const MAX_LISTED_OBJECTS = 3;

function buildGrants(rows: readonly MissingRow[], role: string): string {
  const grantObject = ({ privileges, kind, name }: MissingRow) =>
    `GRANT ${privileges} ON ${kind} ${name} TO ${role};`;
  if (rows.length <= MAX_LISTED_OBJECTS) return rows.map(grantObject).join(" ");
  const kinds = new Set(rows.map(({ kind }) => kind));
  return [
    ...rows.filter(({ kind }) => kind !== "TABLE" && kind !== "SEQUENCE").map(grantObject),
    ...(kinds.has("TABLE")
      ? [`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA joblib TO ${role};`]
      : []),
    ...(kinds.has("SEQUENCE") ? [`GRANT USAGE ON ALL SEQUENCES IN SCHEMA joblib TO ${role};`] : []),
  ].join(" ");
}

function describeMissing(rows: readonly MissingRow[]): DatabaseFinding {
  const role = rows[0]?.role ?? "";
  const named = rows.slice(0, MAX_LISTED_OBJECTS);
  const shown = named.map(({ privileges, kind, name }) => `${privileges} on ${kind.toLowerCase()} ${name}`);
  const more =
    rows.length > MAX_LISTED_OBJECTS ? `; and rights on ${rows.length - MAX_LISTED_OBJECTS} more` : "";
  return {
    kind: "privileges",
    problem: `the database role ${role} lacks ${shown.join("; ")}${more}`,
    advice: `run as the owner: ${buildGrants(rows, role)}`,
  };
}

const describeRowSecurity = (rows: readonly MissingRow[]): DatabaseFinding => ({
  kind: "privileges",
  problem: `row-level security hides rows of ${rows.map(({ name }) => name).join(", ")} from the database role ${rows[0]?.role}`,
  advice: `run as the owner: ${rows.map(({ name }) => `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY;`).join(" ")}`,
});
