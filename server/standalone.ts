import Fastify, { type FastifyInstance, LogController } from "fastify";
import type { Redis } from "ioredis";
import { isLoopback, Problem } from "../protocol/index.ts";
import { createInvitationIssuer, type InvitationIssuer } from "./auth/invitation-issuer.ts";
import { jwtAuth } from "./auth/jwt-auth.ts";
import { isLocalRequest, localAuth } from "./auth/local-auth.ts";
import { redisOptions } from "./events/redis-url.ts";
import type { HostAuth } from "./host.ts";
import { answerClientError } from "./http/client-errors.ts";
import { createMetrics } from "./http/metrics.ts";
import { createProblemHandler, sendProblem, toKnownProblem } from "./http/problem-handler.ts";
import { createRequestLog } from "./http/request-log.ts";
import { addStandaloneRoutes, type ComponentState } from "./http/standalone-routes.ts";
import { createIdGenerator } from "./id-generator.ts";
import { joblib } from "./plugin.ts";
import { createPrometheusMeter } from "./prometheus/prometheus-meter.ts";
import { findObstacles } from "./require-database.ts";
import { type Settings, SettingsError } from "./settings.ts";
import { isInMemory, type OwnedOrm, openDatabase } from "./storage/database.ts";
import { migrate } from "./storage/migrations/migrate.ts";
import { createStorage } from "./storage/mikro-storage.ts";
import { findNetworkFileSystem } from "./storage/network-file-system.ts";
import type { Storage } from "./storage/storage.ts";
import { StorageUnavailable } from "./storage/storage-unavailable.ts";
import { requireFit } from "./storage/unfit-database.ts";
import { describeTlsError } from "./tls-errors.ts";
import { VERSION } from "./version.ts";

/** How `joblib serve` makes its app. */
export interface ServerOptions {
  readonly settings: Settings;
  /** Bring the database up to date first; true unless told not to. */
  readonly migrate?: boolean;
}

/** A room's and a job's name, each character percent-encoded as UTF-8. */
const MAX_PARAM_LENGTH = 5000;
/** A client that takes longer over its headers and body is cut off (slow loris); answers may take as long as they like. */
const REQUEST_TIMEOUT_MS = 60_000;
const PING_TIMEOUT_MS = 2000;

const authOf = ({ jwt_secret, jwks_url }: Settings, issuer: InvitationIssuer | undefined): HostAuth => {
  if (jwt_secret !== undefined) return jwtAuth({ secret: jwt_secret }, issuer?.status);
  if (jwks_url !== undefined) return jwtAuth({ jwksUrl: jwks_url });
  return localAuth;
};

const requireSafeHost = ({ jwt_secret, jwks_url, host }: Settings): void => {
  if (jwt_secret !== undefined || jwks_url !== undefined || isLoopback(host)) return;
  throw new SettingsError(
    `JOBLIB_HOST: ${host} is reached by others, so set JOBLIB_JWT_SECRET or JOBLIB_JWKS_URL, or listen on 127.0.0.1`,
  );
};

/** Loads the client only if there is a Redis. */
const redisOf = async (url: string | undefined, app: FastifyInstance): Promise<Redis | undefined> => {
  if (url === undefined) return undefined;
  const { Redis: Client } = await import("ioredis");
  const redis = new Client({
    ...redisOptions(url),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // Reconnect within a second, however long Redis was away: until then other servers hear nothing of this one.
    retryStrategy: (times: number) => Math.min(100 * times, 1_000) * (0.5 + Math.random() / 2),
  });
  // /readyz and the bus report its state; an "error" without a listener would end the process.
  let lastProblem: string | undefined;
  redis.on("error", (error) => {
    const problem = describeTlsError(error, "ssl_ca_certs");
    if (problem !== undefined && problem !== lastProblem) app.log.warn(`Redis: ${problem}`);
    lastProblem = problem;
    app.log.debug({ err: error }, "redis");
  });
  return redis;
};

const readState = async (storage: Storage, kind: string): Promise<ComponentState> => {
  const late = new Error(`the database did not answer within ${PING_TIMEOUT_MS / 1000} s`);
  const isLate = new Promise<never>((_, reject) => setTimeout(() => reject(late), PING_TIMEOUT_MS).unref());
  try {
    await Promise.race([storage.ping(), isLate]);
    return { status: "up", kind };
  } catch (error) {
    if (error === late) return { status: "down", kind, reason: late.message };
    if (!(error instanceof StorageUnavailable)) return { status: "down", kind };
    const status = error.kind === "read-only" ? "read-only" : "down";
    return { status, kind, reason: error.message };
  }
};

/** Throws if joblib cannot work on the database. One that is down may come back: `/readyz` reports it until then. */
const requireUsable = async (storage: Storage): Promise<void> => {
  try {
    requireFit(await findObstacles({ storage }));
  } catch (error) {
    const isDown = error instanceof StorageUnavailable && !["read-only", "refused"].includes(error.kind);
    if (!isDown) throw error;
  }
};

/** Answers at the root, outside the plugin, speak the same language as the API. */
const rootErrors = (app: FastifyInstance) => {
  app.setNotFoundHandler((_, reply) => {
    return sendProblem(reply, new Problem("route-not-found", "There is nothing here; see /docs."), "");
  });
  app.setErrorHandler((error, request, reply) => {
    const away = new Problem("service-unavailable", "The server cannot answer now.", { retryAfter: 1 });
    const problem = toKnownProblem(error) ?? away;
    if (problem === away) request.log.error({ err: error }, "unexpected error");
    return sendProblem(reply, problem, "");
  });
};

/** Who was answered while the server closes is not kept on the line: it would keep the server from closing for a minute. */
const hangUpWhenClosing = (app: FastifyInstance) => {
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  // What comes now is for another server: Fastify's own refusal is no problem document, and names no time.
  app.addHook("onRequest", (_request, _reply, done) => {
    if (isClosing) done(new Problem("service-unavailable", "The server is closing.", { retryAfter: 1 }));
    else done();
  });
  // With `done`, as every hook of every request: a promise for each took a twentieth of a submit's time.
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (isClosing) reply.header("connection", "close");
    done(null, payload);
  });
};

const migrated = async (orm: OwnedOrm, log: FastifyInstance["log"]): Promise<void> => {
  const applied = await migrate(orm);
  if (applied.length > 0) log.info({ applied }, "database migrated");
};

/** The database, up to date unless told otherwise: brought there over a connection on which a statement may take its time. */
const openMigrated = async (
  { settings, migrate: mayMigrate = true }: ServerOptions,
  log: FastifyInstance["log"],
): Promise<OwnedOrm> => {
  const { database_url: url, data_dir: dataDir } = settings;
  if (url !== undefined && mayMigrate) {
    await using stack = new AsyncDisposableStack();
    const patient = await openDatabase({ url, poolSize: 2 });
    stack.defer(() => patient.close());
    await migrated(patient, log);
  }
  const orm = await openDatabase({
    ...(url === undefined ? { dataDir } : { url }),
    poolSize: settings.database_pool_size,
    statementTimeoutSeconds: settings.statement_timeout_seconds,
  });
  if (url === undefined) warnAboutNetworkFileSystem(dataDir, log);
  if (url !== undefined || !mayMigrate) return orm;
  try {
    await migrated(orm, log);
    return orm;
  } catch (error) {
    await orm.close();
    throw error;
  }
};

/** Warns if another machine may have the directory mounted: file locks may not reach it, so it could open it as well. */
const warnAboutNetworkFileSystem = (dataDir: string, log: FastifyInstance["log"]): void => {
  if (isInMemory(dataDir)) return;
  const fileSystem = findNetworkFileSystem(dataDir);
  if (fileSystem === undefined) return;
  log.warn(
    { data_dir: dataDir, file_system: fileSystem },
    "the data directory is on a network file system, whose file locks may not reach other machines: run one server on it, or use PostgreSQL",
  );
};

/** A complete server: database, bus, auth, the API and what stands beside it. `listen` is the caller's. */
export const createServer = async (options: ServerOptions): Promise<FastifyInstance> => {
  const { settings } = options;
  requireSafeHost(settings);
  const app = Fastify({
    logger: { level: settings.log_level, stream: process.stderr },
    childLoggerFactory: createRequestLog,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: settings.body_limit,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    genReqId: createIdGenerator(),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // What fails before a route is found: an address that cannot be decoded, or is too long.
    frameworkErrors: createProblemHandler(""),
    clientErrorHandler: answerClientError,
  });

  app.server.maxConnections = settings.max_connections;
  const orm = await openMigrated(options, app.log);
  app.addHook("onClose", () => orm.close());
  try {
    const redis = await redisOf(settings.redis_url, app);
    app.addHook("onClose", async () => redis?.disconnect());
    const metrics = createMetrics(app);
    const meter = createPrometheusMeter(metrics);
    const storage = createStorage(orm, meter);
    app.addHook("onClose", () => storage.close());
    await requireUsable(storage);
    const { jwt_secret: secret } = settings;
    const invitations =
      secret === undefined ? undefined : createInvitationIssuer(secret, storage.invitations);
    const auth = authOf(settings, invitations);

    hangUpWhenClosing(app);
    rootErrors(app);
    if (auth === localAuth) {
      app.addHook("onRequest", async (request) => {
        if (!isLocalRequest(request))
          throw new Problem("forbidden", "Without tokens this server answers its own machine alone.");
      });
    }
    addStandaloneRoutes(app, {
      version: VERSION,
      metrics,
      database: () => readState(storage, settings.database_url === undefined ? "pglite" : "postgresql"),
      bus: () =>
        redis === undefined
          ? { status: "up", kind: "in-process" }
          : { status: redis.status === "ready" ? "up" : "degraded", kind: "redis" },
    });
    const { dashboard } = settings;
    await app.register(joblib, {
      orm,
      storage,
      meter,
      ...(redis && { redis }),
      ...auth,
      invitations,
      settings,
      dashboard,
    });
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
};
