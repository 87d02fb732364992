import { sql } from "kysely";
import type { Sql } from "../sessions/orm.ts";
import { FUNCTIONS, TABLE_PRIVILEGES } from "./table-rights.ts";
import type { DatabaseFinding } from "./unfit-database.ts";

interface MissingRow {
  /** The missing privilege, or `ROW SECURITY` if policies hide rows from the role. */
  privilege: string;
  /** `SCHEMA`, `TABLE`, `SEQUENCE` or `FUNCTION`, as in a GRANT. */
  kind: string;
  /** The name of the object, quoted if necessary. */
  name: string;
  role: string;
}

/** Returns a row for each privilege that the current role lacks. Ignores objects that the migrations will create. */
const findMissing = async (db: Sql): Promise<MissingRow[]> => {
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
    select privilege, kind, name, quote_ident(current_user) as role from missing
    order by position, name, privilege`.execute(db);
  return rows;
};

/** Groups the rows by object, in their order. */
const groupByObject = (rows: readonly MissingRow[]): Map<string, MissingRow[]> => {
  const groups = new Map<string, MissingRow[]>();
  for (const row of rows) {
    const key = `${row.kind} ${row.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
};

/**
 * Maximum number of objects for which a GRANT names each one. For more objects, the GRANT is for all tables
 * or sequences.
 */
const MAX_NAMED = 3;

/** Builds the statements that grant the missing privileges. */
const buildGrants = (groups: readonly MissingRow[][]): string => {
  const kinds = new Set(groups.map(([first]) => first?.kind));
  const role = groups[0]?.[0]?.role ?? "";
  const grantObject = (group: readonly MissingRow[]) =>
    `GRANT ${group.map(({ privilege }) => privilege).join(", ")} ON ${group[0]?.kind} ${group[0]?.name} TO ${role};`;
  if (groups.length <= MAX_NAMED) return groups.map(grantObject).join(" ");
  const others = groups.filter(([first]) => first?.kind !== "TABLE" && first?.kind !== "SEQUENCE");
  return [
    ...others.map(grantObject),
    ...(kinds.has("TABLE")
      ? [`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA joblib TO ${role};`]
      : []),
    ...(kinds.has("SEQUENCE") ? [`GRANT USAGE ON ALL SEQUENCES IN SCHEMA joblib TO ${role};`] : []),
  ].join(" ");
};

const describeMissing = (rows: readonly MissingRow[]): DatabaseFinding => {
  const groups = [...groupByObject(rows).values()];
  const descriptions = groups.map((group) => {
    const privileges = group.map(({ privilege }) => privilege).join(", ");
    return `${privileges} on ${group[0]?.kind.toLowerCase()} ${group[0]?.name}`;
  });
  const shown = descriptions.slice(0, MAX_NAMED).join("; ");
  const more =
    descriptions.length > MAX_NAMED ? `; and rights on ${descriptions.length - MAX_NAMED} more` : "";
  return {
    kind: "rights",
    problem: `the database role ${rows[0]?.role} lacks ${shown}${more}`,
    advice: `run as the owner: ${buildGrants(groups)}`,
  };
};

const describeRowSecurity = (rows: readonly MissingRow[]): DatabaseFinding => ({
  kind: "rights",
  problem: `row-level security hides rows of ${rows.map(({ name }) => name).join(", ")} from the database role ${rows[0]?.role}`,
  advice: `run as the owner: ${rows.map(({ name }) => `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY;`).join(" ")}`,
});

/** Returns the rights that the current role lacks to run a server, with the statements that grant them. */
export const findMissingRights = async (db: Sql): Promise<readonly DatabaseFinding[]> => {
  const missing = await findMissing(db);
  const isRowSecurity = ({ privilege }: MissingRow) => privilege === "ROW SECURITY";
  const rowSecurity = missing.filter(isRowSecurity);
  const privileges = missing.filter((row) => !isRowSecurity(row));
  return [
    ...(privileges.length === 0 ? [] : [describeMissing(privileges)]),
    ...(rowSecurity.length === 0 ? [] : [describeRowSecurity(rowSecurity)]),
  ];
};
