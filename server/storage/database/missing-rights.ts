import { sql } from "kysely";
import type { Sql, Tables } from "../sessions/orm.ts";
import type { DatabaseFinding } from "./unfit-database.ts";

type TablePrivilege = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

const APPEND: readonly TablePrivilege[] = ["SELECT", "INSERT", "DELETE"];
const ALL: readonly TablePrivilege[] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/**
 * The privileges that the role of a server needs on each table of the schema `joblib`. If an entity is missing
 * here, compilation fails.
 */
export const TABLE_PRIVILEGES: Readonly<Record<keyof Tables | "migration", readonly TablePrivilege[]>> = {
  // No DELETE: a removed job is only marked by a timestamp.
  job: ["SELECT", "INSERT", "UPDATE"],
  worker: ALL,
  worker_job: APPEND,
  task: ALL,
  task_listing: APPEND,
  late_result: ALL,
  room_queue: ALL,
  task_log: APPEND,
  invitation: ALL,
  provider: ALL,
  worker_provider: APPEND,
  migration: ["SELECT"],
};

/** The sequences of the schema `joblib`. The role of a server needs USAGE on each of them. */
export const SEQUENCES: readonly string[] = ["task_number"];

/** The functions that joblib calls, and that some administrators revoke from PUBLIC. */
const FUNCTIONS: readonly string[] = [
  "pg_catalog.pg_advisory_xact_lock(bigint)",
  "pg_catalog.pg_try_advisory_xact_lock(bigint)",
];

/** The privileges that the current role lacks on an object. */
interface MissingRow {
  /** The missing privileges, or `ROW SECURITY` if policies hide rows from the role. */
  privileges: string;
  /** `SCHEMA`, `TABLE`, `SEQUENCE` or `FUNCTION`, as in a GRANT. */
  kind: string;
  /** The name of the object, quoted if necessary. */
  name: string;
  role: string;
}

/** Returns the rights that the current role lacks to run a server, with the statements that grant them. */
export async function findMissingRights(db: Sql): Promise<readonly DatabaseFinding[]> {
  const rows = await findMissing(db);
  const isRowSecurity = ({ privileges }: MissingRow) => privileges === "ROW SECURITY";
  const hidden = rows.filter(isRowSecurity);
  const missing = rows.filter((row) => !isRowSecurity(row));
  return [
    ...(missing.length === 0 ? [] : [describeMissing(missing)]),
    ...(hidden.length === 0 ? [] : [describeRowSecurity(hidden)]),
  ];
}

/** Ignores objects that do not exist, because the migrations will create them. */
async function findMissing(db: Sql): Promise<MissingRow[]> {
  const required = Object.entries(TABLE_PRIVILEGES).flatMap(([name, privileges]) =>
    privileges.map((privilege) => ({ name, privilege })),
  );
  // The privilege functions fail for an object of another kind, so the objects of each kind are collected
  // first.
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
 * Up to this number of objects, the suggested GRANT statements name each object. For more, they apply to all
 * tables or sequences.
 */
const MAX_NAMED = 3;

/** Builds the statements that grant the missing privileges. */
function buildGrants(rows: readonly MissingRow[], role: string): string {
  const grantObject = ({ privileges, kind, name }: MissingRow) =>
    `GRANT ${privileges} ON ${kind} ${name} TO ${role};`;
  if (rows.length <= MAX_NAMED) return rows.map(grantObject).join(" ");
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
  const named = rows.slice(0, MAX_NAMED);
  const shown = named.map(({ privileges, kind, name }) => `${privileges} on ${kind.toLowerCase()} ${name}`);
  const more = rows.length > MAX_NAMED ? `; and rights on ${rows.length - MAX_NAMED} more` : "";
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
