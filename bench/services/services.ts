import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../test/support/redis.ts";
import { createDatabase, type Database } from "./databases.ts";
import { type DurablePostgres, startDurablePostgres } from "./postgres.ts";

/** The PostgreSQL and the Redis of a run. Every measurement uses a new database and an empty Redis. */
export class Services implements AsyncDisposable {
  readonly #postgres: DurablePostgres;
  readonly #redis: RedisServer;
  readonly #seeded = new Map<string, Promise<string>>();

  private constructor(postgres: DurablePostgres, redis: RedisServer) {
    this.#postgres = postgres;
    this.#redis = redis;
  }

  static async start(): Promise<Services> {
    const postgres = await startDurablePostgres();
    try {
      return new Services(postgres, await startRedis());
    } catch (error) {
      await postgres[Symbol.asyncDispose]();
      throw error;
    }
  }

  createDatabase(copyOf?: string): Promise<Database> {
    return createDatabase(this.#postgres.url, copyOf);
  }

  /** Creates and seeds a database once per run, and returns its URL. Measurements copy the database. */
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

  /** Deletes all data in Redis and returns its URL. */
  async clearRedis(): Promise<string> {
    const redis = new Redis(this.#redis.url);
    try {
      await redis.flushall();
      return this.#redis.url;
    } finally {
      redis.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#postgres[Symbol.asyncDispose](), this.#redis[Symbol.asyncDispose]()]);
  }
}
