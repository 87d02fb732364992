import { join } from "node:path";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { Redis } from "ioredis";
import { isLoopback, Problem } from "../protocol/index.ts";
import type { HostAuth } from "./auth/host-auth.ts";
import { InvitationIssuer } from "./auth/invitations.ts";
import { jwtAuth } from "./auth/jwt-auth.ts";
import { isLocalRequest, localAuth } from "./auth/local-auth.ts";
import { answerClientError, createProblemHandler, sendProblem, toKnownProblem } from "./http/problems.ts";
import { createRequestLog } from "./http/request-log.ts";
import { addStandaloneRoutes, type ComponentState, createMetrics } from "./http/standalone-routes.ts";
import { createIdGenerator } from "./id-generator.ts";
import { joblib } from "./plugin.ts";
import { PrometheusMeter } from "./prometheus/prometheus-meter.ts";
import { redisOptions } from "./settings/redis-url.ts";
import { type Settings, SettingsError } from "./settings/settings.ts";
import { describeTlsError } from "./settings/tls-errors.ts";
import { findNetworkFileSystem } from "./storage/database/data-directory.ts";
import { isInMemory, type OwnedOrm, openDatabase } from "./storage/database/database.ts";
import { requireFit } from "./storage/database/unfit-database.ts";
import { migrate } from "./storage/migrations/migrate.ts";
import { createStorage } from "./storage/mikro-storage.ts";
import type { Storage } from "./storage/ports/storage.ts";
import { StorageUnavailable } from "./storage/sessions/storage-errors.ts";
import { findObstacles, withDeadline } from "./use-cases/require-database.ts";

export interface ServerOptions {
  readonly settings: Settings;
  /** If true, applies pending migrations before the server starts. Default: true. */
  readonly migrate?: boolean;
}

/** Maximum length of a percent-encoded room or job name in a path. */
const MAX_PARAM_LENGTH = 5000;
/**
 * Maximum time to receive a request, without the response, in milliseconds. Protects against
 * clients that send slowly on purpose (Slowloris).
 */
const REQUEST_TIMEOUT_MS = 60_000;
const PING_TIMEOUT_MS = 2000;

function createAuth({ jwt_secret, jwks_url }: Settings, issuer: InvitationIssuer | undefined): HostAuth {
  if (jwt_secret !== undefined) return jwtAuth({ secret: jwt_secret }, issuer?.status);
  if (jwks_url !== undefined) return jwtAuth({ jwksUrl: jwks_url });
  return localAuth;
}

function requireSafeHost({ jwt_secret, jwks_url, host }: Settings): void {
  if (jwt_secret !== undefined || jwks_url !== undefined || isLoopback(host)) return;
  throw new SettingsError(
    `JOBLIB_HOST: ${host} can be reached from other machines: set JOBLIB_JWT_SECRET or JOBLIB_JWKS_URL, or listen on 127.0.0.1`,
  );
}

/** Connects to Redis if a URL is configured. Loads the client library only in this case. */
async function connectRedis(url: string | undefined, log: FastifyBaseLogger): Promise<Redis | undefined> {
  if (url === undefined) return undefined;
  const { Redis: Client } = await import("ioredis");
  const redis = new Client({
    ...redisOptions(url),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // Reconnects within about a second after an outage, because other servers receive no events
    // from this server until then.
    retryStrategy: (times: number) => Math.min(100 * times, 1_000) * (0.5 + Math.random() / 2),
  });
  // Without a listener, an "error" event would end the process. The errors are not handled here,
  // because `/readyz` and the event bus report the state of the connection.
  let lastTlsError: string | undefined;
  redis.on("error", (error) => {
    const tlsError = describeTlsError(error, "ssl_ca_certs");
    if (tlsError !== undefined && tlsError !== lastTlsError) log.warn(`Redis: ${tlsError}`);
    lastTlsError = tlsError;
    log.debug({ err: error }, "Redis connection error");
  });
  return redis;
}

async function readDatabaseState(storage: Storage, kind: string): Promise<ComponentState> {
  try {
    await withDeadline(storage.ping(), PING_TIMEOUT_MS);
    return { status: "up", kind };
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) return { status: "down", kind };
    return { status: error.state === "read-only" ? "read-only" : "down", kind, reason: error.message };
  }
}

/**
 * Adds the directory for files to the settings if the embedded database is used and no directory is
 * set: files are then stored in the data directory of the database.
 */
function addFilesDirectory(settings: Settings): Settings {
  const { files_dir, database_url, data_dir } = settings;
  if (files_dir !== undefined || database_url !== undefined || isInMemory(data_dir)) return settings;
  return { ...settings, files_dir: join(data_dir, "files") };
}

/**
 * Throws an error if joblib cannot work with the database, but not if the database is only
 * unavailable at the moment.
 */
async function requireUsableDatabase(storage: Storage): Promise<void> {
  try {
    requireFit(await findObstacles(storage));
  } catch (error) {
    if (!(error instanceof StorageUnavailable) || error.state !== undefined) throw error;
  }
}

const createUnavailable = (detail: string) => new Problem("service-unavailable", detail, { retryAfter: 1 });

/** Adds handlers that convert errors of routes outside the plugin to problem documents, too. */
function setRootErrorHandlers(app: FastifyInstance) {
  app.setNotFoundHandler((_, reply) => {
    return sendProblem(reply, new Problem("route-not-found", "No route matches this path. See /docs."), "");
  });
  app.setErrorHandler((error, request, reply) => {
    const known = toKnownProblem(error);
    if (known === undefined) request.log.error({ err: error }, "unexpected error");
    return sendProblem(reply, known ?? createUnavailable("The server is temporarily unavailable."), "");
  });
}

/**
 * When the server shuts down, ends keep-alive connections after the current response. Without this,
 * they would stay open for another minute.
 */
function closeConnectionsOnShutdown(app: FastifyInstance) {
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  // Responds to new requests during the shutdown instead of Fastify, whose response is not a
  // problem document and has no Retry-After.
  app.addHook("onRequest", (_request, _reply, done) => {
    if (isClosing) done(createUnavailable("The server is shutting down. Try again."));
    else done();
  });
  // This hook uses `done` instead of a promise, because it runs for every request, and a promise
  // per request took 5 % of the time of a submit.
  app.addHook("onSend", (_request, reply, payload, done) => {
    if (isClosing) reply.header("connection", "close");
    done(null, payload);
  });
}

/**
 * Opens the database. Applies the migrations first if this is requested. On PostgreSQL, they run
 * without a statement timeout.
 */
async function openMigratedDatabase(
  { settings, migrate: mustMigrate = true }: ServerOptions,
  log: FastifyBaseLogger,
): Promise<OwnedOrm> {
  const { database_url: url, data_dir: dataDir } = settings;
  if (url !== undefined && mustMigrate) {
    const connection = await openDatabase({ url, poolSize: 2 });
    await runMigrations(connection, log).finally(() => connection.close());
  }
  const orm = await openDatabase({
    ...(url === undefined ? { dataDir } : { url }),
    poolSize: settings.database_pool_size,
    statementTimeoutSeconds: settings.statement_timeout_seconds,
  });
  if (url !== undefined) return orm;
  try {
    const fileSystem = isInMemory(dataDir) ? undefined : findNetworkFileSystem(dataDir);
    if (fileSystem !== undefined) {
      log.warn(
        { data_dir: dataDir, file_system: fileSystem },
        "the data directory is on a network file system, where file locks may not work across machines: run only one server on it, or use PostgreSQL",
      );
    }
    if (mustMigrate) await runMigrations(orm, log);
    return orm;
  } catch (error) {
    await orm.close();
    throw error;
  }
}

async function runMigrations(orm: OwnedOrm, log: FastifyBaseLogger): Promise<void> {
  const applied = await migrate(orm);
  if (applied.length > 0) log.info({ applied }, "database migrated");
}

/**
 * Creates the standalone server with its database and event bus. The server does not listen yet.
 */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
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
    // Handles errors that occur before routing, for example for a URL that is too long or cannot be
    // decoded.
    frameworkErrors: createProblemHandler(""),
    clientErrorHandler: answerClientError,
  });

  app.server.maxConnections = settings.max_connections;
  const orm = await openMigratedDatabase(options, app.log);
  app.addHook("onClose", () => orm.close());
  try {
    const redis = await connectRedis(settings.redis_url, app.log);
    app.addHook("onClose", async () => redis?.disconnect());
    const metrics = createMetrics(app);
    const meter = new PrometheusMeter(metrics);
    // The simple queue is not a setting, because only the benchmark and tests use it.
    const queue = process.env["JOBLIB_INTERNAL_QUEUE"] === "simple" ? "simple" : "batching";
    if (queue === "simple")
      app.log.warn("JOBLIB_INTERNAL_QUEUE=simple is for tests only: unset it in production");
    const storage = createStorage(orm, { meter, queue });
    app.addHook("onClose", () => storage.close());
    await requireUsableDatabase(storage);
    const { jwt_secret: secret } = settings;
    const invitations = secret === undefined ? undefined : new InvitationIssuer(secret, storage.invitations);
    const auth = createAuth(settings, invitations);

    closeConnectionsOnShutdown(app);
    setRootErrorHandlers(app);
    if (auth === localAuth) {
      app.addHook("onRequest", async (request) => {
        if (isLocalRequest(request)) return;
        const detail =
          "This server has no token authentication, so it accepts requests only from its own machine. To accept others, set JOBLIB_JWT_SECRET or JOBLIB_JWKS_URL on the server.";
        throw new Problem("forbidden", detail);
      });
    }
    addStandaloneRoutes(app, {
      metrics,
      database: () =>
        readDatabaseState(storage, settings.database_url === undefined ? "pglite" : "postgresql"),
      bus: () =>
        redis === undefined
          ? { status: "up", kind: "in-process" }
          : { status: redis.status === "ready" ? "up" : "degraded", kind: "redis" },
    });
    await app.register(joblib, {
      orm,
      storage,
      meter,
      ...(redis && { redis }),
      ...auth,
      invitations,
      settings: addFilesDirectory(settings),
      dashboard: settings.dashboard,
    });
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}
