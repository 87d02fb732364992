import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../test/support/redis.ts";
import { type Database, newDatabase } from "./databases.ts";
import { type DurablePostgres, startDurablePostgres } from "./postgres.ts";

/** The private servers of one run; every measurement takes a database of its own, and an empty Redis. */
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

  database(copyOf?: string): Promise<Database> {
    return newDatabase(this.#postgres.url, copyOf);
  }

  /** A database that is filled once in a run, to be copied by whoever measures on it; it goes with the server. */
  seeded(name: string, seed: (url: string) => Promise<void>): Promise<string> {
    const known = this.#seeded.get(name);
    if (known !== undefined) return known;
    const made = newDatabase(this.#postgres.url).then(async ({ url }) => {
      await seed(url);
      return url;
    });
    this.#seeded.set(name, made);
    made.catch(() => this.#seeded.delete(name));
    return made;
  }

  /** The address of a Redis that holds nothing. */
  async emptyRedis(): Promise<string> {
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
