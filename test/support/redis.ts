import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import { spawnProcess } from "./processes.ts";
import { findPrograms } from "./programs.ts";
import { createServerDirectory } from "./server-directory.ts";
import { type Server, startServer } from "./server-process.ts";

/** A Redis server without persistence. It is empty after a restart. */
export interface RedisServer extends Server {
  readonly url: string;
  readonly port: number;
}

const programs = {
  names: ["redis-server"],
  aptPackage: "redis-server",
  directories: () => ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"],
};

export interface RedisOptions {
  /**
   * The paths of the files for TLS. If set, Redis accepts only TLS connections from clients with a
   * certificate of the authority.
   */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly authority: string };
}

/** Starts a Redis server on a free loopback port. */
export async function startRedis({ tls }: RedisOptions = {}): Promise<RedisServer> {
  const bin = findPrograms(programs);
  const directory = createServerDirectory("redis");
  const { path, user } = directory;
  const fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", path];
  try {
    const { server, port } = await startServer({
      name: "Redis",
      directory,
      spawn: (port) =>
        spawnProcess(join(bin, "redis-server"), [...buildPortArguments(port, tls), ...fixed], {
          cwd: path,
          user,
        }),
      ping: (port) => (tls === undefined ? ping(buildUrl(port)) : waitForPort(port)),
      stopSignal: "SIGTERM",
      lastSignal: "SIGKILL",
    });
    return Object.assign(server, { url: buildUrl(port), port });
  } catch (error) {
    directory.remove();
    throw error;
  }
}

function buildPortArguments(port: number, tls: RedisOptions["tls"]): string[] {
  if (tls === undefined) return ["--port", String(port)];
  return [
    ...["--port", "0", "--tls-port", String(port), "--tls-cert-file", tls.certificate],
    ...["--tls-key-file", tls.key, "--tls-ca-cert-file", tls.authority],
  ];
}

async function waitForPort(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

function buildUrl(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

async function ping(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on("error", () => {});
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
