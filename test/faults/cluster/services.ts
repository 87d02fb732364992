import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";

/** The PostgreSQL and the Redis server of a run. All cases that do not stop them share them. */
export interface Services extends AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
}

export const startServices = async (): Promise<Services> => {
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  const redis = stack.use(await startRedis());
  const owned = stack.move();
  return { postgres, redis, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};
