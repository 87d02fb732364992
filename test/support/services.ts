import type { TestProject } from "vitest/node";
import { findChromium } from "./chromium.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { type RedisServer, startRedis } from "./redis.ts";

declare module "vitest" {
  interface ProvidedContext {
    postgresUrl: string;
    redisUrl: string;
  }
}

let postgres: PostgresServer | undefined;
let redis: RedisServer | undefined;

/** Starts the PostgreSQL and the Redis that the whole run shares, and sees to its Chromium; a missing one fails the run, no test skips itself. */
export async function setup(project: TestProject): Promise<void> {
  try {
    // Test files run side by side, and two of them would install it at once.
    findChromium();
    postgres = await startPostgres();
    redis = await startRedis();
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide("postgresUrl", postgres.url);
  project.provide("redisUrl", redis.url);
}

/** Stops both; where vitest is killed before it comes here, their leashes do. */
export async function teardown(): Promise<void> {
  await Promise.all([postgres?.[Symbol.asyncDispose](), redis?.[Symbol.asyncDispose]()]);
  postgres = undefined;
  redis = undefined;
}
