import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { spawnProcess } from "./processes.ts";
import { findPrograms, getDebianPostgresDirectories } from "./programs.ts";
import { createServerDirectory, type ServerDirectory } from "./server-directory.ts";
import { type Server, startServer } from "./server-process.ts";

/**
 * A PostgreSQL server for tests. `url` is the URL of its maintenance database. Tests create their
 * own databases.
 */
export interface PostgresServer extends Server {
  readonly url: string;
  readonly port: number;
  /** The directory of the server's Unix socket. */
  readonly socketDirectory: string;
  /** Runs a statement as the superuser through the Unix socket. */
  query(sql: string): Promise<void>;
  /** Creates an empty database and returns its URL. */
  createDatabase(): Promise<string>;
}

const programs = {
  names: ["initdb", "postgres"],
  aptPackage: "postgresql",
  directories: getDebianPostgresDirectories,
  // This file prevents Debian's package from creating a PostgreSQL cluster on the default port.
  whileInstalling: [
    {
      path: "/etc/postgresql-common/createcluster.d/joblib-tests.conf",
      text: "create_main_cluster = false\n",
      mode: 0o644,
    },
  ],
};

// Durability is turned off so that tests do not wait for the disk. The data is temporary.
const settings = {
  listen_addresses: "127.0.0.1",
  max_connections: "200",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
};

export interface PostgresOptions {
  /** Additional settings for the server's command line. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * The lines of pg_hba.conf. By default, all connections are trusted. The superuser must be able
   * to connect through the Unix socket.
   */
  readonly hba?: readonly string[];
  /** The URL of the primary. If set, the new server is a streaming standby of that primary. */
  readonly standbyOf?: string;
}

/** Starts a PostgreSQL server with its own data directory on a free loopback port. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const isStandby = options.standbyOf !== undefined;
  const bin = findPrograms(
    isStandby ? { ...programs, names: [...programs.names, "pg_basebackup"] } : programs,
  );
  const directory = createServerDirectory("postgres");
  const data = join(directory.path, "data");
  try {
    if (options.standbyOf === undefined) await createCluster(bin, data, directory);
    else await copyCluster(bin, data, { directory, url: options.standbyOf });
    if (options.hba !== undefined) writeFileSync(join(data, "pg_hba.conf"), `${options.hba.join("\n")}\n`);
    const onSocket = (port: number) => ({
      ...{ host: directory.path, port, user: "postgres", database: "postgres" },
    });
    const { server, port } = await startServer({
      name: "PostgreSQL",
      directory,
      spawn: (port) =>
        spawnProcess(
          join(bin, "postgres"),
          buildServerArguments(data, directory.path, { port, ...options.settings }),
          getSpawnOptions(directory),
        ),
      ping: (port) => query(onSocket(port), "select 1"),
      stopSignal: "SIGINT",
      lastSignal: "SIGQUIT",
    });
    const url = buildUrl(port);
    return Object.assign(server, {
      url,
      port,
      socketDirectory: directory.path,
      query: (sql: string) => query(onSocket(port), sql),
      createDatabase: () => createDatabaseAs(onSocket(port), url),
    });
  } catch (error) {
    directory.remove();
    throw error;
  }
}

/**
 * Creates an empty database on a server, for example on the shared one. Returns the URL of the new
 * database.
 */
export function createDatabase(serverUrl: string): Promise<string> {
  return createDatabaseAs({ connectionString: serverUrl }, serverUrl);
}

async function createDatabaseAs(admin: ClientConfig, serverUrl: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await query(admin, `create database ${name} template template0`);

  const url = new URL(serverUrl);
  url.pathname = name;
  return url.href;
}

async function createCluster(bin: string, data: string, directory: ServerDirectory): Promise<void> {
  const args = ["-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"];
  const initdb = spawnProcess(join(bin, "initdb"), args, getSpawnOptions(directory));
  const { code } = await initdb.exit;
  if (code !== 0) throw new Error(`initdb failed:\n${initdb.stdout()}${initdb.stderr()}`);
}

/** Copies the data of a running server, and configures the copy as a standby of that server. */
async function copyCluster(
  bin: string,
  data: string,
  { directory, url }: { directory: ServerDirectory; url: string },
): Promise<void> {
  const args = ["-D", data, "-d", url, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"];
  const backup = spawnProcess(join(bin, "pg_basebackup"), args, getSpawnOptions(directory));
  const { code } = await backup.exit;
  if (code !== 0) throw new Error(`pg_basebackup failed:\n${backup.stdout()}${backup.stderr()}`);
}

function buildServerArguments(
  data: string,
  socketDirectory: string,
  own: Readonly<Record<string, string | number>>,
): string[] {
  const all = Object.entries({ ...settings, unix_socket_directories: socketDirectory, ...own });
  return ["-D", data, ...all.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}

function getSpawnOptions({ path, user }: ServerDirectory) {
  // Removes the PG* variables of the developer's shell. SIGQUIT also ends the backends of the
  // server.
  const env = { PGDATA: undefined, PGPORT: undefined, PGHOST: undefined, PGOPTIONS: undefined };
  return { cwd: path, user, env, lastSignal: "SIGQUIT" } as const;
}

function buildUrl(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

async function query(config: ClientConfig, sql: string): Promise<void> {
  const client = new Client({ ...config, connectionTimeoutMillis: 5_000 });
  // The rejected promise of the query reports the error. This listener does nothing, but without a
  // listener the client's "error" event would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end().catch(() => {});
  }
}
