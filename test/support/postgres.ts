import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientConfig } from "pg";
import { spawnProcess } from "./processes.ts";
import { findPrograms, getDebianPostgresDirectories } from "./programs.ts";
import { createServerDirectory, type ServerDirectory } from "./server-directory.ts";
import { type Server, startServer } from "./server-process.ts";

/** A PostgreSQL server for tests. `url` is the URL of its maintenance database; tests create their own databases. */
export interface PostgresServer extends Server {
  readonly url: string;
  readonly port: number;
  /** The directory of its Unix socket. */
  readonly socketDirectory: string;
  /** Runs a statement as the superuser, over the Unix socket. */
  query(sql: string): Promise<void>;
  /** Creates an empty database and returns its URL. */
  createDatabase(): Promise<string>;
}

const programs = {
  names: ["initdb", "postgres"],
  aptPackage: "postgresql",
  directories: getDebianPostgresDirectories,
  // Prevents Debian's package from creating a cluster on the default port.
  whileInstalling: [
    {
      path: "/etc/postgresql-common/createcluster.d/joblib-tests.conf",
      text: "create_main_cluster = false\n",
      mode: 0o644,
    },
  ],
};

// The data is temporary, so durability is turned off: tests do not wait for the disk.
const settings = {
  listen_addresses: "127.0.0.1",
  max_connections: "200",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
};

export interface PostgresOptions {
  /** Settings that are added to the server's command line. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The lines of pg_hba.conf; by default all connections are trusted. The superuser needs access over the Unix socket. */
  readonly hba?: readonly string[];
  /** The URL of the primary if the new server is a streaming standby. */
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

/** Creates an empty database on a server, for example the shared one, and returns the new database's URL. */
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

/** Copies the data of a running server and configures the copy as its standby. */
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
  // PG* variables of the developer's shell are removed. SIGQUIT ends the backends together with the server.
  const env = { PGDATA: undefined, PGPORT: undefined, PGHOST: undefined, PGOPTIONS: undefined };
  return { cwd: path, user, env, lastSignal: "SIGQUIT" } as const;
}

function buildUrl(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

async function query(config: ClientConfig, sql: string): Promise<void> {
  const client = new Client({ ...config, connectionTimeoutMillis: 5_000 });
  // Without a listener, an "error" event of the client would end the process. The promise of the query also rejects, so the
  // listener does nothing.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end().catch(() => {});
  }
}
