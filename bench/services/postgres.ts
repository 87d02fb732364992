import { join } from "node:path";
import { Client } from "pg";
import { spawnProcess } from "../../test/support/processes.ts";
import { findPrograms, getDebianPostgresDirectories } from "../../test/support/programs.ts";
import { createServerDirectory } from "../../test/support/server-directory.ts";
import { type Server, startServer } from "../../test/support/server-process.ts";

/**
 * A PostgreSQL server for this run with default settings. It waits for the disk at each commit,
 * while the PostgreSQL server of the tests does not.
 */
export interface DurablePostgres extends Server {
  readonly url: string;
}

const PROGRAMS = {
  names: ["initdb", "postgres"],
  aptPackage: "postgresql",
  directories: getDebianPostgresDirectories,
};

const getUrl = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`;

/** Runs one statement and returns its rows. */
export const query = async (
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
  } finally {
    await client.end().catch(() => {});
  }
};

/**
 * Starts PostgreSQL on a free port. Only the number of connections and the settings in `more`
 * differ from the defaults.
 */
export const startDurablePostgres = async (more: readonly string[] = []): Promise<DurablePostgres> => {
  const bin = findPrograms(PROGRAMS);
  const directory = createServerDirectory("bench-postgres");
  const data = join(directory.path, "data");
  const env = { PGDATA: undefined, PGPORT: undefined, PGHOST: undefined, PGOPTIONS: undefined };
  const where = { cwd: directory.path, user: directory.user, env, lastSignal: "SIGQUIT" } as const;
  try {
    const args = ["-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"];
    const initdb = spawnProcess(join(bin, "initdb"), args, where);
    const { code } = await initdb.exit;
    if (code !== 0) throw new Error(`initdb failed:\n${initdb.stdout()}${initdb.stderr()}`);
    const settings = [
      "listen_addresses=127.0.0.1",
      "max_connections=200",
      `unix_socket_directories=${directory.path}`,
      ...more,
    ];
    const { server, port } = await startServer({
      name: "PostgreSQL",
      directory,
      spawn: (port) => {
        const options = [...settings, `port=${port}`].flatMap((setting) => ["-c", setting]);
        return spawnProcess(join(bin, "postgres"), ["-D", data, ...options], where);
      },
      ping: (port) => query(getUrl(port), "select 1"),
      stopSignal: "SIGINT",
      lastSignal: "SIGQUIT",
    });
    return Object.assign(server, { url: getUrl(port) });
  } catch (error) {
    directory.remove();
    throw error;
  }
};
