import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { Redis } from "ioredis";
import type { Registry } from "prom-client";
import { type OperationName, operations, streams } from "../protocol/index.ts";
import type { InvitationIssuer } from "./auth/invitation-issuer.ts";
import type { Context, Log } from "./context.ts";
import { InProcessEventBus } from "./events/in-process-event-bus.ts";
import { RedisEventBus } from "./events/redis-event-bus.ts";
import type { HostAuth } from "./host.ts";
import { createAccessRoutes } from "./http/access.routes.ts";
import { addBodyParser } from "./http/body-parser.ts";
import type { Handlers } from "./http/call.ts";
import { parseMountPath, serveDashboard } from "./http/dashboard.ts";
import { createJobRoutes } from "./http/jobs.routes.ts";
import { LongPolls } from "./http/long-polls.ts";
import { createMetaRoutes } from "./http/meta.routes.ts";
import { createOperationRoute, type RouteParts } from "./http/operation-route.ts";
import { createProblemHandler } from "./http/problem-handler.ts";
import { createStatsRoutes } from "./http/stats.routes.ts";
import { createStreamRoute } from "./http/stream-route.ts";
import { createTaskRoutes } from "./http/tasks.routes.ts";
import { addUnknownPathHandler } from "./http/unknown-paths.ts";
import { UserConcurrencyLimit } from "./http/user-concurrency-limit.ts";
import { createWorkerRoutes } from "./http/workers.routes.ts";
import { createIdGenerator } from "./id-generator.ts";
import { type Meter, NO_METER } from "./meter.ts";
import { createPrometheusMeter } from "./prometheus/prometheus-meter.ts";
import { createRefusalLog, requireDatabase } from "./require-database.ts";
import { SchemaValidators } from "./schemas/schema-validators.ts";
import { parseSettings, type Settings, type SettingsInput } from "./settings.ts";
import { createStorage } from "./storage/mikro-storage.ts";
import type { Orm } from "./storage/sessions.ts";
import type { Storage } from "./storage/storage.ts";
import { SweepStatus } from "./sweep-status.ts";
import { Sweeper } from "./sweeper.ts";
import { followRoom } from "./use-cases/follow-room.ts";
import { followTask } from "./use-cases/follow-task.ts";
import { JobCache } from "./use-cases/job-cache.ts";
import { StatsCache } from "./use-cases/read-stats.ts";
import { RoomFeeds } from "./use-cases/room-feed.ts";
import { ResultSchemaCache } from "./use-cases/schema-checks.ts";
import { TaskEndEmitter } from "./use-cases/task-end-emitter.ts";
import { WaitingClaims } from "./use-cases/waiting-claims.ts";
import { WorkerOwners } from "./use-cases/worker-owners.ts";

/** What the host hands over; it stays the host's, and is never closed here. */
export interface JoblibOptions extends HostAuth {
  /** A MikroORM on PostgreSQL or PGlite that has `entities` among its own. */
  readonly orm: Orm;
  /** Without it events stay in this process. */
  readonly redis?: Redis;
  readonly settings?: SettingsInput;
  /** Serves the dashboard too: at this path under the plugin's prefix, or, with `true`, at the prefix itself. */
  readonly dashboard?: string | boolean | undefined;
  /** @internal The dashboard's built files, where they are not this package's. */
  readonly dashboardFiles?: string;
  /** @internal Another storage than the one on `orm`. */
  readonly storage?: Storage;
  /** A registry of prom-client, to which joblib's metrics are added. */
  readonly metrics?: Registry;
  /** @internal A meter on such a registry, which the storage above counts with too. */
  readonly meter?: Meter;
  /** @internal Where invitations are signed; the standalone server's own. */
  readonly invitations?: InvitationIssuer | undefined;
}

/** Room names of 128 and job names of 390 characters, percent-encoded. */
const NEEDED_PARAM_LENGTH = 2000;

const requireOptions = (options: Partial<JoblibOptions>): void => {
  const refuse = (detail: string) => {
    throw new TypeError(`joblib: ${detail}`);
  };
  if (options.storage === undefined && typeof options.orm?.em?.fork !== "function") {
    refuse("`orm` must be a MikroORM whose entities include `entities` of joblib/server");
  }
  for (const name of ["getCurrentUserId", "getIsAdmin"] as const) {
    if (typeof options[name] !== "function") refuse(`\`${name}\` must be a function of the request`);
  }
  if (options.authorizeRoom !== undefined && typeof options.authorizeRoom !== "function") {
    refuse("`authorizeRoom` must be a function of the request, the room and the access");
  }
  if (options.authorizeJob !== undefined && typeof options.authorizeJob !== "function") {
    refuse("`authorizeJob` must be a function of the request, the room and the job");
  }
  if (options.listRooms !== undefined && typeof options.listRooms !== "function") {
    refuse("`listRooms` must be a function of the request");
  }
  if (options.redis !== undefined && typeof options.redis.duplicate !== "function") {
    refuse("`redis` must be an ioredis connection");
  }
};

const contextOf = (options: JoblibOptions, settings: Settings, log: Log): Context => {
  const meter =
    options.meter ?? (options.metrics === undefined ? NO_METER : createPrometheusMeter(options.metrics));
  const storage = options.storage ?? createStorage(options.orm, meter);
  const bus =
    options.redis === undefined ? new InProcessEventBus(log) : new RedisEventBus(options.redis, log);
  return {
    storage,
    bus,
    feeds: new RoomFeeds({ storage, bus, settings, log }),
    validators: new SchemaValidators(),
    settings,
    waitingClaims: new WaitingClaims({ bus, storage, log }),
    ended: new TaskEndEmitter(),
    figures: new StatsCache(),
    sweeps: new SweepStatus(),
    owners: new WorkerOwners(storage),
    jobs: new JobCache(storage),
    resultSchemas: new ResultSchemaCache(),
    invitations: options.invitations,
    newId: createIdGenerator(),
    log,
    meter,
  };
};

const watch = ({ meter, storage, bus, waitingClaims, settings }: Context): void =>
  meter.watch({
    counts: () => storage.counts(settings.worker_timeout_threshold),
    pool: () => storage.getPoolUsage(),
    isBusUp: () => bus.state === "up",
    waitingClaims: () => waitingClaims.size,
  });

const mount = <Name extends OperationName>(
  app: FastifyInstance,
  name: Name,
  { handlers, parts }: { readonly handlers: Handlers; readonly parts: RouteParts },
): void => {
  app.route(createOperationRoute(operations[name], handlers[name], parts));
};

const isOperationName = (name: string): name is OperationName => Object.hasOwn(operations, name);

const warnOfShortParams = (app: FastifyInstance): void => {
  const { routerOptions, maxParamLength } = app.initialConfig;
  const length = routerOptions?.maxParamLength ?? maxParamLength ?? 100;
  if (length >= NEEDED_PARAM_LENGTH) return;
  app.log.warn(
    { maxParamLength: length },
    `joblib: long room and job names are not reached: give Fastify routerOptions: { maxParamLength: ${NEEDED_PARAM_LENGTH} }`,
  );
};

/** The API under `/v1/joblib` and `/v1/problems`, and the sweeper; all that it sets up stays inside. */
export const joblib: FastifyPluginAsync<JoblibOptions> = async (app, options) => {
  requireOptions(options);
  const settings = parseSettings(process.env, options.settings);
  warnOfShortParams(app);
  const context = contextOf(options, settings, app.log);
  watch(context);
  const holds = new LongPolls(settings, context.meter);
  const sweeper = new Sweeper(context);
  const { prefix } = app;

  addBodyParser(app);
  app.setErrorHandler(createProblemHandler(prefix));
  addUnknownPathHandler(app, prefix);
  const handlers: Handlers = {
    ...createJobRoutes(context),
    ...createTaskRoutes(context),
    ...createWorkerRoutes(context),
    ...createAccessRoutes(context),
    ...createStatsRoutes(context),
    ...createMetaRoutes(),
  };
  const shares = new UserConcurrencyLimit(
    settings.max_requests_per_user,
    "Too many of your requests are being answered at this moment.",
  );
  const parts: RouteParts = { auth: options, settings, holds, shares, prefix };
  for (const name of Object.keys(operations)) {
    if (isOperationName(name)) mount(app, name, { handlers, parts });
  }

  app.route(createStreamRoute(streams.followTask, (id, wish) => followTask(context, id, wish), parts));
  app.route(createStreamRoute(streams.followRoom, (id, wish) => followRoom(context, id, wish), parts));

  if (options.dashboard !== undefined && options.dashboard !== false) {
    const path = parseMountPath(options.dashboard);
    await serveDashboard(app, { path, files: options.dashboardFiles });
  }

  const explainRefusal = createRefusalLog(context);
  app.addHook("onError", (_request, _reply, error, done) => {
    explainRefusal(error);
    done();
  });
  app.addHook("onReady", async () => {
    await requireDatabase(context);
    sweeper.start();
  });
  app.addHook("preClose", () => holds.close());
  app.addHook("onClose", async () => {
    await holds.close();
    await sweeper.stop();
    context.waitingClaims.close();
    context.feeds.close();
    await Promise.all([context.bus.close(), context.validators.close(), context.storage.close()]);
  });
};
