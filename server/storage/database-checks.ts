import { sql } from "kysely";
import { findMissingRights } from "./missing-rights.ts";
import { runOnDatabase } from "./run-on-database.ts";
import type { Orm, Sql } from "./sessions.ts";
import type { DatabaseFinding } from "./unfit-database.ts";

/** The oldest PostgreSQL that has all of joblib's SQL: `set compression` of the migrations came with 14. */
export const MIN_POSTGRES_VERSION = 14;

/** Databases that answer PostgreSQL's protocol, by what their `version()` says; none of them runs joblib's SQL. */
const OTHER_PRODUCTS =
  /CockroachDB|-YB-|Redshift|Greenplum|Materialize|CrateDB|openGauss|QuestDB|RisingWave/i;

/** What a database says of itself. */
export interface DatabaseFacts {
  /** The text of `version()`. */
  readonly version: string;
  /** `server_version_num`: 150004 is 15.4. */
  readonly versionNumber: number;
  readonly encoding: string;
  /** A standby, or a role or database whose transactions are read-only by default. */
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
}

/** Returns what another product than PostgreSQL is called; undefined for PostgreSQL. */
const otherProduct = (version: string): string | undefined => {
  const named = OTHER_PRODUCTS.exec(version)?.[0];
  if (named !== undefined) return named === "-YB-" ? "YugabyteDB" : named;
  return /^(PostgreSQL|EnterpriseDB) \d/.test(version) ? undefined : version.slice(0, 80);
};

/** Returns why joblib cannot work on a database that says this of itself. */
export const checkDatabaseFacts = (facts: DatabaseFacts): readonly DatabaseFinding[] => {
  const findings: DatabaseFinding[] = [];
  const unsuitable = (problem: string, advice: string) =>
    findings.push({ kind: "unsuitable", problem, advice });
  const needed = `use PostgreSQL ${MIN_POSTGRES_VERSION} or newer (15 is what the tests run on)`;
  const product = otherProduct(facts.version);
  if (product !== undefined) {
    unsuitable(`the database is ${product}, not PostgreSQL`, needed);
    return findings;
  }
  const version = Math.floor(facts.versionNumber / 10_000);
  if (version < MIN_POSTGRES_VERSION) unsuitable(`the database is PostgreSQL ${version}`, needed);
  if (facts.encoding !== "UTF8") {
    unsuitable(
      `the database's encoding is ${facts.encoding}, which cannot store every text`,
      "create another with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and move the data with pg_dump",
    );
  }
  if (facts.isStandby) {
    findings.push({
      kind: "read-only",
      problem: "the database is a standby, which takes no writes",
      advice: "connect to the primary, or promote this one",
    });
  } else if (facts.isReadOnly) {
    findings.push({
      kind: "read-only",
      problem: "the database's transactions are read-only by default",
      advice:
        "reset default_transaction_read_only for the role and the database (ALTER ROLE …, ALTER DATABASE … RESET)",
    });
  }
  return findings;
};

const readVersion = async (db: Sql): Promise<string> => {
  const { rows } = await sql<{ version: string }>`select version() as version`.execute(db);
  return rows[0]?.version ?? "";
};

const readFacts = async (db: Sql): Promise<DatabaseFacts> => {
  const version = await readVersion(db);
  // Others may lack what is asked next.
  if (otherProduct(version) !== undefined) {
    return { version, versionNumber: 0, encoding: "", isStandby: false, isReadOnly: false };
  }
  const { rows } = await sql<{ number: string; encoding: string; standby: string; read_only: string }>`
    select current_setting('server_version_num') as number, current_setting('server_encoding') as encoding,
      pg_is_in_recovery()::text as standby, current_setting('transaction_read_only') as read_only`.execute(
    db,
  );
  const [row] = rows;
  return {
    version,
    versionNumber: Number(row?.number),
    encoding: row?.encoding ?? "",
    isStandby: row?.standby === "true",
    isReadOnly: row?.read_only === "on",
  };
};

/** Returns why this database can hold no tables of joblib's: product, version, encoding, writability. */
export const checkSuitability = (orm: Orm): Promise<readonly DatabaseFinding[]> =>
  runOnDatabase(orm, async (db) => checkDatabaseFacts(await readFacts(db)));

/** Returns why a server cannot work on this database with its role; empty if it can. Costs three short queries. */
export const checkDatabase = (orm: Orm): Promise<readonly DatabaseFinding[]> =>
  runOnDatabase(orm, async (db) => {
    const findings = checkDatabaseFacts(await readFacts(db));
    // The catalogs of another product are not PostgreSQL's.
    if (findings.some(({ kind }) => kind === "unsuitable")) return findings;
    return [...findings, ...(await findMissingRights(db))];
  });
