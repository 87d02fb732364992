import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../test/support/redis.ts";
import { createDatabase, type Database } from "./databases.ts";
import { type DurablePostgres, startDurablePostgres } from "./postgres.ts";

/**
 * A kind of Redis server. `memory` loses all data in a crash. `durable` writes each command to its
 * append-only file before it responds.
 */
export type RedisKind = "memory" | "durable";

const startRedisServers = async (): Promise<Record<RedisKind, RedisServer>> => {
  const [memory, durable] = await Promise.all([startRedis(), startRedis()]);
  const redis = new Redis(durable.url);
  try {
    await redis.config("SET", "appendonly", "yes", "appendfsync", "always");
  } finally {
    redis.disconnect();
  }
  return { memory, durable };
};

/**
 * The PostgreSQL server and the Redis servers of a run. Every measurement uses a new database and
 * an empty Redis.
 */
export class Services implements AsyncDisposable {
  readonly #postgres: DurablePostgres;
  readonly #redis: Readonly<Record<RedisKind, RedisServer>>;
  readonly #seeded = new Map<string, Promise<string>>();

  private constructor(postgres: DurablePostgres, redis: Readonly<Record<RedisKind, RedisServer>>) {
    this.#postgres = postgres;
    this.#redis = redis;
  }

  static async start(): Promise<Services> {
    const postgres = await startDurablePostgres();
    try {
      return new Services(postgres, await startRedisServers());
    } catch (error) {
      await postgres[Symbol.asyncDispose]();
      throw error;
    }
  }

  createDatabase(copyOf?: string): Promise<Database> {
    return createDatabase(this.#postgres.url, copyOf);
  }

  /**
   * Creates and seeds a database once per run, and returns its URL. Measurements use copies of the
   * database.
   */
  createSeeded(name: string, seed: (url: string) => Promise<void>): Promise<string> {
    const existing = this.#seeded.get(name);
    if (existing !== undefined) return existing;
    const seeded = createDatabase(this.#postgres.url).then(async ({ url }) => {
      await seed(url);
      return url;
    });
    this.#seeded.set(name, seeded);
    seeded.catch(() => this.#seeded.delete(name));
    return seeded;
  }

  /** Deletes all data of a Redis server and returns its URL. */
  async clearRedis(kind: RedisKind): Promise<string> {
    const { url } = this.#redis[kind];
    const redis = new Redis(url);
    try {
      await redis.flushall();
      return url;
    } finally {
      redis.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const servers = [this.#postgres, ...Object.values(this.#redis)];
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  }
}
