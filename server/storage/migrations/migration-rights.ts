import { sql } from "kysely";
import { runOnDatabase } from "../database/run-on-database.ts";
import type { DatabaseFinding } from "../database/unfit-database.ts";
import type { Orm, Sql } from "../sessions/orm.ts";

interface RightsRow {
  role: string;
  database: string;
  has_schema: boolean;
  may_create_schema: boolean;
  may_use: boolean | null;
  may_create: boolean | null;
  /** Objects of the schema that the role does not own. */
  foreign_names: string[];
  /** The owners of these objects. */
  owners: string[];
}

const readRights = async (db: Sql): Promise<RightsRow | undefined> => {
  const { rows } = await sql<RightsRow>`
    with foreign_objects as (
      select c.relname, pg_get_userbyid(c.relowner) as owner
      from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
      where n.nspname = 'joblib' and c.relkind in ('r', 'S') and not pg_has_role(c.relowner, 'USAGE')
    )
    select quote_ident(current_user) as role, quote_ident(current_database()) as database,
      s.oid is not null as has_schema,
      has_database_privilege(current_database(), 'CREATE') as may_create_schema,
      has_schema_privilege(s.oid, 'USAGE') as may_use, has_schema_privilege(s.oid, 'CREATE') as may_create,
      coalesce((select jsonb_agg('joblib.' || relname order by relname) from foreign_objects), '[]') as foreign_names,
      coalesce((select jsonb_agg(distinct quote_ident(owner)) from foreign_objects), '[]') as owners
    from (select 1) as one left join pg_catalog.pg_namespace as s on s.nspname = 'joblib'`.execute(db);
  return rows[0];
};

/** Returns the rights that the current role lacks to read the table of applied migrations. */
export const findReadObstacles = async (orm: Orm): Promise<readonly DatabaseFinding[]> => {
  const rights = await runOnDatabase(orm, readRights);
  if (rights === undefined || !rights.has_schema || rights.may_use === true) return [];
  return [
    {
      kind: "rights",
      problem: `the database role ${rights.role} may not use the schema joblib`,
      advice: `run as its owner: GRANT USAGE ON SCHEMA joblib TO ${rights.role};`,
    },
  ];
};

/** Returns the rights that the current role lacks to apply migrations. */
export const findMigrationObstacles = async (orm: Orm): Promise<readonly DatabaseFinding[]> => {
  const rights = await runOnDatabase(orm, readRights);
  if (rights === undefined) return [];
  const { role, database, has_schema, may_create_schema, may_create, foreign_names, owners } = rights;
  const toFindings = (problem: string, advice: string): DatabaseFinding[] => [
    { kind: "rights", problem, advice },
  ];
  if (!has_schema) {
    if (may_create_schema) return [];
    return toFindings(
      `the database role ${role} may not create the schema joblib`,
      `run as an administrator: CREATE SCHEMA joblib AUTHORIZATION ${role}; (or GRANT CREATE ON DATABASE ${database} TO ${role};)`,
    );
  }
  if (may_create !== true) {
    return toFindings(
      `the database role ${role} may not create tables in the schema joblib, so it cannot migrate`,
      `migrate with the role that owns the schema, or run as its owner: GRANT USAGE, CREATE ON SCHEMA joblib TO ${role};`,
    );
  }
  if (foreign_names.length === 0) return [];
  return toFindings(
    `the database role ${role} does not own ${foreign_names.join(", ")}, so it cannot migrate`,
    `migrate with the role ${owners.join(", ")}, or run as that role: GRANT ${owners.join(", ")} TO ${role};`,
  );
};
