import { sql } from "kysely";
import type { Orm, Sql } from "../sessions/orm.ts";
import { runOnOrm } from "../sessions/sessions.ts";
import { findMissingRights } from "./missing-rights.ts";
import type { DatabaseFinding } from "./unfit-database.ts";

/** The oldest supported version of PostgreSQL: the migrations use `set compression`, which is new in version 14. */
const MIN_POSTGRES_VERSION = 14;

/** Databases that use PostgreSQL's protocol but cannot run joblib's SQL, recognized by their `version()`. */
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

/** Returns the reasons why joblib cannot use a database with these properties; empty if it can. */
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
  // Other products may lack the functions of the next query.
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

/** Checks product, version, encoding and writability. Returns the reasons why joblib's tables cannot be created. */
export const checkSuitability = (orm: Orm): Promise<readonly DatabaseFinding[]> =>
  runOnOrm(orm, async (db) => checkDatabaseFacts(await readFacts(db)));

/** Returns the reasons why a server cannot use the database with its role; empty if it can. Runs three short queries. */
export async function findDatabaseProblems(db: Sql): Promise<readonly DatabaseFinding[]> {
  const findings = checkDatabaseFacts(await readFacts(db));
  // Other products have other catalogs, so the rights of the role cannot be checked.
  if (isUnsupported(findings)) return findings;
  return [...findings, ...(await findMissingRights(db))];
}

/** Like `findDatabaseProblems`, but on a connection of the ORM, so that it also works if joblib cannot open its own sessions. */
export const checkDatabase = (orm: Orm): Promise<readonly DatabaseFinding[]> =>
  runOnOrm(orm, findDatabaseProblems);

export const isUnsupported = (findings: readonly DatabaseFinding[]): boolean =>
  findings.some(({ kind }) => kind === "unsupported");
