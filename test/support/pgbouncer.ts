import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { spawnProcess } from "./processes.ts";
import { findPrograms } from "./programs.ts";
import { createServerDirectory } from "./server-directory.ts";
import { type Server, startServer } from "./server-process.ts";

/** A PgBouncer in front of a PostgreSQL server. */
export interface Pgbouncer extends Server {
  /** Returns the URL of the same database through PgBouncer. */
  toUrl(url: string): string;
}

const programs = {
  names: ["pgbouncer"],
  aptPackage: "pgbouncer",
  directories: () => ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"],
};

/** Starts PgBouncer in transaction mode. `settings` are added to its configuration. */
export async function startPgbouncer(
  postgresUrl: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Pgbouncer> {
  const bin = findPrograms(programs);
  const directory = createServerDirectory("pgbouncer");
  const { path, user } = directory;
  const configuration = join(path, "pgbouncer.ini");
  const { port: postgresPort } = new URL(postgresUrl);
  const lines = (port: number) => ({
    listen_addr: "127.0.0.1",
    listen_port: String(port),
    unix_socket_dir: "",
    // PgBouncer accepts every user name. It connects to PostgreSQL as the `user` of the
    // `[databases]` entry below.
    auth_type: "any",
    pool_mode: "transaction",
    default_pool_size: "5",
    ...settings,
  });
  const configure = (port: number) =>
    writeFileSync(
      configuration,
      `[databases]\n* = host=127.0.0.1 port=${postgresPort} user=postgres\n[pgbouncer]\n${Object.entries(
        lines(port),
      )
        .map(([name, value]) => `${name} = ${value}\n`)
        .join("")}`,
      { mode: 0o644 },
    );
  try {
    const { server, port } = await startServer({
      name: "PgBouncer",
      directory,
      spawn(port) {
        configure(port);
        return spawnProcess(join(bin, "pgbouncer"), [configuration], { cwd: path, user });
      },
      ping: (port) => ping(port),
      stopSignal: "SIGTERM",
      lastSignal: "SIGKILL",
    });
    return Object.assign(server, {
      toUrl(url: string) {
        const pooled = new URL(url);
        pooled.port = String(port);
        return pooled.href;
      },
    });
  } catch (error) {
    directory.remove();
    throw error;
  }
}

async function ping(port: number): Promise<void> {
  const client = new Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
  } finally {
    await client.end().catch(() => {});
  }
}
