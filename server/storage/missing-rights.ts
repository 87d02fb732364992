import { sql } from "kysely";
import type { Sql } from "./sessions.ts";
import { FUNCTIONS, TABLE_PRIVILEGES } from "./table-rights.ts";
import type { DatabaseFinding } from "./unfit-database.ts";

interface MissingRow {
  /** What is lacked: a privilege of PostgreSQL, or `ROW SECURITY` where policies hide rows from the role. */
  privilege: string;
  /** `SCHEMA`, `TABLE`, `SEQUENCE` or `FUNCTION`, as a GRANT names it. */
  kind: string;
  /** The object, quoted where it must be. */
  name: string;
  role: string;
}

/** One row for each privilege that the current role lacks; objects that do not exist yet are left to the migrations. */
const findMissing = async (db: Sql): Promise<MissingRow[]> => {
  const wanted = Object.entries(TABLE_PRIVILEGES).flatMap(([name, privileges]) =>
    privileges.map((privilege) => ({ name, privilege })),
  );
  // The functions fail on an object of another kind, so what they are asked about is collected first.
  const { rows } = await sql<MissingRow>`
    with objects as materialized (
      select c.oid, c.relname as name, c.relkind as kind
      from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = 'joblib' and c.relkind in ('r', 'p', 'S')
    ),
    missing as (
      select 'USAGE' as privilege, 'SCHEMA' as kind, 'joblib' as name, 1 as place from pg_catalog.pg_namespace as n
      where n.nspname = 'joblib' and not has_schema_privilege(n.oid, 'USAGE')
      union all
      select w.privilege, 'TABLE', 'joblib.' || o.name, 2
      from jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) as w(name text, privilege text)
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
    order by place, name, privilege`.execute(db);
  return rows;
};

/** The privileges of each object, in the order of the rows. */
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

/** More objects than these are granted all at once: nobody reads ten statements in one line. */
const MAX_NAMED = 3;

/** The statements that grant what is missing. */
const grantStatements = (groups: readonly MissingRow[][]): string => {
  const kinds = new Set(groups.map(([first]) => first?.kind));
  const role = groups[0]?.[0]?.role ?? "";
  const named = (group: readonly MissingRow[]) =>
    `GRANT ${group.map(({ privilege }) => privilege).join(", ")} ON ${group[0]?.kind} ${group[0]?.name} TO ${role};`;
  if (groups.length <= MAX_NAMED) return groups.map(named).join(" ");
  const others = groups.filter(([first]) => first?.kind !== "TABLE" && first?.kind !== "SEQUENCE");
  return [
    ...others.map(named),
    ...(kinds.has("TABLE")
      ? [`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA joblib TO ${role};`]
      : []),
    ...(kinds.has("SEQUENCE") ? [`GRANT USAGE ON ALL SEQUENCES IN SCHEMA joblib TO ${role};`] : []),
  ].join(" ");
};

const describeMissing = (rows: readonly MissingRow[]): DatabaseFinding => {
  const groups = [...groupByObject(rows).values()];
  const lacked = groups.map((group) => {
    const privileges = group.map(({ privilege }) => privilege).join(", ");
    return `${privileges} on ${group[0]?.kind.toLowerCase()} ${group[0]?.name}`;
  });
  const shown = lacked.slice(0, MAX_NAMED).join("; ");
  const more = lacked.length > MAX_NAMED ? `; and rights on ${lacked.length - MAX_NAMED} more` : "";
  return {
    kind: "rights",
    problem: `the database role ${rows[0]?.role} lacks ${shown}${more}`,
    advice: `run as the owner: ${grantStatements(groups)}`,
  };
};

const describeRowSecurity = (rows: readonly MissingRow[]): DatabaseFinding => ({
  kind: "rights",
  problem: `row level security hides rows of ${rows.map(({ name }) => name).join(", ")} from the database role ${rows[0]?.role}`,
  advice: `run as the owner: ${rows.map(({ name }) => `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY;`).join(" ")}`,
});

/** Returns which rights the current role lacks to serve, with the statements that grant them. */
export const findMissingRights = async (db: Sql): Promise<readonly DatabaseFinding[]> => {
  const missing = await findMissing(db);
  const isHidden = ({ privilege }: MissingRow) => privilege === "ROW SECURITY";
  const [hidden, lacked] = [missing.filter(isHidden), missing.filter((row) => !isHidden(row))];
  return [
    ...(lacked.length === 0 ? [] : [describeMissing(lacked)]),
    ...(hidden.length === 0 ? [] : [describeRowSecurity(hidden)]),
  ];
};
