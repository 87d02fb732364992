import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { Redis } from "ioredis";
import type { Registry } from "prom-client";
import { type OperationName, operations, streams } from "../protocol/index.ts";
import type { HostAuth } from "./auth/host-auth.ts";
import type { InvitationIssuer } from "./auth/invitations.ts";
import { createContext } from "./context.ts";
import { InProcessEventBus } from "./events/in-process-event-bus.ts";
import { RedisEventBus } from "./events/redis-event-bus.ts";
import { CALLER } from "./http/callers.ts";
import { serveDashboard } from "./http/dashboard.ts";
import { addFileRoutes } from "./http/file-routes.ts";
import { createHandlers } from "./http/handlers.ts";
import { addBodyParser } from "./http/json-body.ts";
import { LongPolls } from "./http/long-polls.ts";
import { createOperationRoute, type Handlers, type RouteDependencies } from "./http/operation-route.ts";
import { createProblemHandler } from "./http/problems.ts";
import { createStreamRoute } from "./http/stream-route.ts";
import { addTransferRoutes } from "./http/transfer-routes.ts";
import { addUnknownPathHandler } from "./http/unknown-paths.ts";
import { UserConcurrencyLimit } from "./http/user-concurrency-limit.ts";
import type { Meter } from "./ports.ts";
import { NO_METER } from "./prometheus/no-meter.ts";
import { PrometheusMeter } from "./prometheus/prometheus-meter.ts";
import { parseSettings, type SettingsInput } from "./settings/settings.ts";
import { createStorage } from "./storage/mikro-storage.ts";
import type { Storage } from "./storage/ports/storage.ts";
import type { Orm } from "./storage/sessions/orm.ts";
import { createRefusalLog, requireDatabase } from "./use-cases/require-database.ts";
import { followRoom } from "./use-cases/rooms/follow-room.ts";
import { Sweeper } from "./use-cases/sweeper.ts";
import { followTask } from "./use-cases/tasks/follow-task.ts";
import { followOutput } from "./use-cases/tasks/read-output.ts";

/**
 * Options of the plugin. The host application opens the connections to the database and to Redis,
 * and must close them.
 */
export interface JoblibOptions extends HostAuth {
  /** A MikroORM on PostgreSQL or PGlite whose entities include `entities`. */
  readonly orm: Orm;
  /**
   * An ioredis connection. Required if several servers share a database, because without Redis,
   * events only reach clients of the same process.
   */
  readonly redis?: Redis;
  readonly settings?: SettingsInput;
  /**
   * Path of the dashboard under the plugin's prefix; `true` serves the dashboard at the prefix
   * itself. By default, the dashboard is not served.
   */
  readonly dashboard?: string | boolean | undefined;
  /** @internal Directory of the dashboard's built files. Default: the files of this package. */
  readonly dashboardFiles?: string;
  /** @internal A storage that is used instead of a new storage for `orm`. */
  readonly storage?: Storage;
  /** A prom-client registry to which joblib adds its metrics. */
  readonly metrics?: Registry;
  /** @internal The meter that `storage` uses. */
  readonly meter?: Meter;
  /** @internal Signs the invitations of the standalone server. */
  readonly invitations?: InvitationIssuer | undefined;
}

/**
 * Minimum `maxParamLength` of the host application's router. With a smaller value, the router would
 * reject paths with long room and job names, which are percent-encoded, so the plugin logs a
 * warning.
 */
const REQUIRED_PARAM_LENGTH = 2000;

function requireOptions(options: Partial<JoblibOptions>): void {
  const { orm, redis, storage, getCurrentUserId, getIsAdmin } = options;
  const requireThat = (isValid: boolean, detail: string) => {
    if (!isValid) throw new TypeError(`joblib: ${detail}`);
  };
  const requireFunction = (name: keyof HostAuth, value: unknown, parameters = "the request") =>
    requireThat(typeof value === "function", `\`${name}\` must be a function of ${parameters}`);
  requireThat(
    storage !== undefined || typeof orm?.em?.fork === "function",
    "`orm` must be a MikroORM whose entities include `entities` of joblib/server",
  );
  requireFunction("getCurrentUserId", getCurrentUserId);
  requireFunction("getIsAdmin", getIsAdmin);
  const { authorizeRoom = () => true, authorizeJob = () => true, listRooms = () => [] } = options;
  requireFunction("authorizeRoom", authorizeRoom, "the request, the room and the access");
  requireFunction("authorizeJob", authorizeJob, "the request, the room and the job");
  requireFunction("listRooms", listRooms);
  requireThat(
    redis === undefined || typeof redis.duplicate === "function",
    "`redis` must be an ioredis connection",
  );
}

function createRoute<Name extends OperationName>(
  name: Name,
  handlers: Handlers,
  dependencies: RouteDependencies,
) {
  return createOperationRoute(operations[name], handlers[name], dependencies);
}

const isOperationName = (name: string): name is OperationName => Object.hasOwn(operations, name);

function warnAboutShortParams(app: FastifyInstance): void {
  const { routerOptions, maxParamLength } = app.initialConfig;
  const length = routerOptions?.maxParamLength ?? maxParamLength ?? 100;
  if (length >= REQUIRED_PARAM_LENGTH) return;
  app.log.warn(
    { maxParamLength: length },
    `joblib: requests with long room and job names will fail: set routerOptions: { maxParamLength: ${REQUIRED_PARAM_LENGTH} } of Fastify`,
  );
}

/**
 * Adds the API under `/v1/joblib` and `/v1/problems` to a Fastify server, and starts the sweeper.
 * The hooks and parsers of this plugin do not affect the routes of the host application.
 */
export const joblib: FastifyPluginAsync<JoblibOptions> = async (app, options) => {
  requireOptions(options);
  const settings = parseSettings(process.env, options.settings);
  warnAboutShortParams(app);
  const { log, prefix } = app;
  const { metrics, redis, invitations } = options;
  const meter = options.meter ?? (metrics === undefined ? NO_METER : new PrometheusMeter(metrics));
  const storage = options.storage ?? createStorage(options.orm, { meter });
  const bus = redis === undefined ? new InProcessEventBus(log) : new RedisEventBus(redis, log);
  const context = createContext({ storage, bus, settings, invitations, log, meter });
  meter.watch({
    counts: () => storage.countQueues(settings.worker_timeout_seconds),
    pool: () => storage.getPoolUsage(),
    isBusUp: () => bus.state === "up",
    waitingClaims: () => context.waitingClaims.size,
  });
  const longPolls = new LongPolls(settings, meter);
  const sweeper = new Sweeper(context);

  app.decorateRequest(CALLER, null);
  addBodyParser(app);
  app.setErrorHandler(createProblemHandler(prefix));
  addUnknownPathHandler(app, prefix);
  const handlers = createHandlers(context);
  const userLimit = new UserConcurrencyLimit(
    settings.max_requests_per_user,
    "You have too many concurrent requests. Try again later.",
  );
  const dependencies: RouteDependencies = { auth: options, settings, longPolls, userLimit, prefix };
  for (const name of Object.keys(operations)) {
    if (isOperationName(name)) app.route(createRoute(name, handlers, dependencies));
  }
  addTransferRoutes(app, context, dependencies);
  addFileRoutes(app, context, dependencies);
  app.route(createStreamRoute(streams.followTask, followTask.bind(null, context), dependencies));
  app.route(createStreamRoute(streams.followOutput, followOutput.bind(null, context), dependencies));
  app.route(createStreamRoute(streams.followRoom, followRoom.bind(null, context), dependencies));

  if (options.dashboard !== undefined && options.dashboard !== false) {
    await serveDashboard(app, options.dashboard, options.dashboardFiles);
  }

  const logRefusal = createRefusalLog(context);
  app.addHook("onError", (_request, _reply, error, done) => {
    logRefusal(error);
    done();
  });
  app.addHook("onReady", async () => {
    await requireDatabase(context);
    sweeper.start();
  });
  app.addHook("preClose", () => longPolls.close());
  app.addHook("onClose", async () => {
    await longPolls.close();
    await sweeper.stop();
    context.waitingClaims.close();
    context.reads.close();
    context.roomFeeds.close();
    await Promise.all([bus.close(), context.validators.close(), storage.close()]);
  });
};
