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

/**
 * Starts the PostgreSQL and Redis servers that all tests share, and installs Chromium. Fails the
 * test run if a program is missing.
 */
export async function setup(project: TestProject): Promise<void> {
  try {
    // Installs Chromium before the tests, because test files run in parallel and two of them could
    // install it at the same time.
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

/**
 * Stops both servers. If vitest is killed before it calls this function, the servers' watchdogs
 * stop them.
 */
export async function teardown(): Promise<void> {
  await Promise.all([postgres?.[Symbol.asyncDispose](), redis?.[Symbol.asyncDispose]()]);
  postgres = undefined;
  redis = undefined;
}
