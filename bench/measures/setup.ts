import { type JoblibServer, serve } from "../services/joblib-server.ts";
import type { RedisKind } from "../services/services.ts";
import type { Endpoints } from "../subjects/subject.ts";
import type { SubjectName } from "../subjects/subjects.ts";
import type { Bench } from "./measure.ts";

/**
 * The services for one measurement: a new database, an empty Redis and, for joblib, its servers.
 */
export interface Setup extends AsyncDisposable {
  readonly endpoints: Endpoints;
  /** The servers of joblib. Empty for other subjects. */
  readonly servers: readonly JoblibServer[];
}

/**
 * Options of a setup. Default: for joblib, one server without Redis on an empty database; for
 * BullMQ, a Redis without persistence.
 */
export interface SetupOptions {
  readonly servers?: number;
  readonly withRedis?: boolean;
  readonly redis?: RedisKind;
  readonly copyOf?: string;
}

/** Creates the services that a subject needs. */
export const createSetup = async (
  { services, queue }: Bench,
  subject: SubjectName,
  { servers: count = 1, withRedis = false, redis = "memory", copyOf }: SetupOptions = {},
): Promise<Setup> => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await services.createDatabase(copyOf));
  const redisUrl = await services.clearRedis(redis);
  const servers: JoblibServer[] = [];
  while (subject === "joblib" && servers.length < count) {
    const urls = { databaseUrl: database.url, ...(withRedis && { redisUrl }) };
    servers.push(stack.use(await serve(urls, queue)));
  }
  const [{ url, token } = { url: "", token: "" }] = servers;
  const owned = stack.move();
  return {
    endpoints: { databaseUrl: database.url, redisUrl, url, token },
    servers,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
