import { join } from "node:path";
import { Redis } from "ioredis";
import { spawnProcess } from "./processes.ts";
import { findPrograms } from "./programs.ts";
import { createServerDirectory } from "./server-directory.ts";
import { type Server, startServer } from "./server-process.ts";

/** A private Redis that keeps nothing on disk: after a restart it is empty. */
export interface RedisServer extends Server {
  readonly url: string;
}

const programs = {
  names: ["redis-server"],
  aptPackage: "redis-server",
  directories: () => ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"],
};

/** Starts a private Redis on a free loopback port. */
export async function startRedis(): Promise<RedisServer> {
  const bin = findPrograms(programs);
  const directory = createServerDirectory("redis");
  const { path, user } = directory;
  const fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", path];
  try {
    const { server, port } = await startServer({
      name: "Redis",
      directory,
      spawn: (port) =>
        spawnProcess(join(bin, "redis-server"), ["--port", String(port), ...fixed], { cwd: path, user }),
      ask: (port) => ping(urlOf(port)),
      stopSignal: "SIGTERM",
      lastSignal: "SIGKILL",
    });
    return Object.assign(server, { url: urlOf(port) });
  } catch (error) {
    directory.remove();
    throw error;
  }
}

function urlOf(port: number): string {
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
