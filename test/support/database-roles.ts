import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Client } from "pg";

const PAGE = new URL("../../docs/operating.md", import.meta.url);
const ROLES_BLOCK = /^## Database roles$[\s\S]*?^```sql\n([\s\S]*?)^```$/m;

/**
 * A database with the two roles that docs/operating.md describes. The roles are created with the
 * SQL of that page.
 */
export interface DatabaseWithRoles {
  /**
   * The name of the role that runs migrations. Both roles log in without a password, because the
   * PostgreSQL of the tests trusts loopback connections.
   */
  readonly migrator: string;
  readonly server: string;
  readonly migratorUrl: string;
  readonly serverUrl: string;
  /** Runs statements as the superuser of the PostgreSQL server. */
  admin(statements: string): Promise<void>;
}

/** Opens a new session on a database and runs statements. */
export const runSql = async (url: string, statements: string): Promise<void> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    await client.query(statements);
  } finally {
    await client.end();
  }
};

const buildUrl = (serverUrl: string, database: string, user?: string): string => {
  const url = new URL(serverUrl);
  url.pathname = database;
  if (user !== undefined) url.username = user;
  return url.href;
};

/**
 * Creates a database with options of CREATE DATABASE, such as `encoding 'LATIN1'`, and returns its
 * URL.
 */
export const createDatabaseWith = async (serverUrl: string, options: string): Promise<string> => {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await runSql(serverUrl, `create database ${name} template template0 ${options}`);
  return buildUrl(serverUrl, name);
};

/**
 * Creates an empty database with the roles and privileges that docs/operating.md describes. Other
 * roles have no privileges on it.
 */
export const createDatabaseWithRoles = async (serverUrl: string): Promise<DatabaseWithRoles> => {
  const [, sql = ""] = ROLES_BLOCK.exec(readFileSync(PAGE, "utf8")) ?? [];
  if (sql === "") throw new Error("docs/operating.md has no SQL under 'Database roles'");
  const url = await createDatabaseWith(serverUrl, "");
  const database = new URL(url).pathname.slice(1);
  const suffix = database.slice(-12);
  const [migrator, server] = [`migrator_${suffix}`, `server_${suffix}`];
  const renamed = sql
    .replaceAll("joblib_migrator", migrator)
    .replaceAll("joblib_server", server)
    .replaceAll("DATABASE joblib", `DATABASE ${database}`);
  // Revokes the privileges that PostgreSQL grants to all roles by default, as a strict
  // administrator does.
  await runSql(
    url,
    `revoke all on database ${database} from public; revoke all on schema public from public`,
  );
  await runSql(url, renamed);
  return {
    migrator,
    server,
    migratorUrl: buildUrl(url, database, migrator),
    serverUrl: buildUrl(url, database, server),
    admin: (statements) => runSql(url, statements),
  };
};
