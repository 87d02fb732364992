import { Pool } from "pg";
import { eventually } from "../../support/eventually.ts";
import { createDatabase, type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import type { TcpProxy } from "../proxy/tcp-proxy.ts";
import { AUDIT } from "./audit.ts";
import { createProxy, getPort, toProxyUrl } from "./proxy-url.ts";
import { type Environment, ROOT, ServerProcess } from "./server-process.ts";
import type { Services } from "./services.ts";

export interface ClusterOptions {
  /** Number of servers. Default: 2. */
  readonly servers?: number;
  /** Settings of all servers, in addition to `SETTINGS`. */
  readonly settings?: Environment;
  /** Additional settings of individual servers, by index. */
  readonly each?: readonly Environment[];
  /**
   * Services that the case stops. The cluster starts its own instances of them instead of sharing
   * the run's instances.
   */
  readonly own?: readonly ("postgres" | "redis")[];
  /**
   * Starts a streaming standby for the cluster's own PostgreSQL. `failOver` promotes this standby.
   */
  readonly standby?: boolean;
  /**
   * Connection limit of the servers' database role. If undefined, the servers use a superuser,
   * which has no limit.
   */
  readonly connectionLimit?: number;
  /** The folder with `bin` and `dist`. Default: the checkout. A mutant runs from its own copy. */
  readonly root?: string;
}

/**
 * Timeouts and a pool size that are much smaller than the defaults, so that faults have an effect
 * within seconds.
 */
export const SETTINGS = {
  JOBLIB_WORKER_TIMEOUT_SECONDS: "2",
  JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.25",
  JOBLIB_CLAIM_GRACE_SECONDS: "1",
  JOBLIB_DATABASE_POOL_SIZE: "4",
} as const;

/** A server, and the proxies between the server and its PostgreSQL and Redis. */
export interface Node {
  readonly server: ServerProcess;
  readonly postgresProxy: TcpProxy;
  readonly redisProxy: TcpProxy;
}

/** Servers that share one PostgreSQL and one Redis. Every connection goes through a proxy. */
export interface Cluster extends AsyncDisposable {
  readonly nodes: readonly Node[];
  /**
   * Database connections for the audit and the checker. Faults do not affect them, because they
   * bypass the proxies.
   */
  readonly sql: Pool;
  readonly databaseUrl: string;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  /**
   * Promotes the standby and routes every new connection to it. The old primary keeps running, but
   * is read-only.
   */
  failOver(): Promise<void>;
  readonly settings: Readonly<Record<string, string | undefined>>;
}

const startNode = async (
  { postgres, redis, plan, index }: { postgres: string; redis: string; plan: ClusterOptions; index: number },
  stack: AsyncDisposableStack,
): Promise<Node> => {
  const postgresProxy = stack.use(await createProxy(postgres));
  const redisProxy = stack.use(await createProxy(redis));
  const env = {
    ...SETTINGS,
    ...plan.settings,
    ...plan.each?.[index],
    JOBLIB_DATABASE_URL: toProxyUrl(postgres, postgresProxy),
    JOBLIB_REDIS_URL: toProxyUrl(redis, redisProxy),
  };
  const server = stack.use(
    await ServerProcess.start({ name: `S${index + 1}`, env, root: plan.root ?? ROOT }),
  );
  return { server, postgresProxy, redisProxy };
};

/** Creates a connection pool that keeps working after its connections are cut. */
export const createResilientPool = (connectionString: string, max = 4): Pool => {
  const pool = new Pool({ connectionString, max });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
};

/**
 * Creates a role with a connection limit for the servers, and returns the database's URL with this
 * role.
 */
const createLimitedRole = async (sql: Pool, databaseUrl: string, limit: number): Promise<string> => {
  const url = new URL(databaseUrl);
  const name = url.pathname.slice(1);
  await sql.query(`create role ${name} login connection limit ${limit}`);
  await sql.query(`alter database ${name} owner to ${name}`);
  url.username = name;
  return url.href;
};

const grantAudit = async (sql: Pool, role: string): Promise<void> => {
  await sql.query(`grant usage on schema faults to ${role}`);
  await sql.query(`grant all on all tables in schema faults to ${role}`);
};

/**
 * Starts a synchronous standby: PostgreSQL acknowledges a commit only after the standby has
 * received it.
 */
const startStandby = async (primary: PostgresServer): Promise<PostgresServer> => {
  const standby = await startPostgres({ standbyOf: primary.url });
  const admin = createResilientPool(primary.url, 1);
  await admin.query("alter system set synchronous_standby_names = '*'");
  await admin.query("select pg_reload_conf()");
  await admin.end();
  return standby;
};

/**
 * Makes the primary read-only, promotes the standby and routes new connections to it. The old
 * primary keeps running.
 */
const failOverTo = async (
  standby: PostgresServer,
  { sql, proxies }: { readonly sql: Pool; readonly proxies: readonly TcpProxy[] },
): Promise<void> => {
  await sql.query("alter system set default_transaction_read_only = on");
  await sql.query("select pg_reload_conf()");
  // Waits for transactions that were already writing when the primary became read-only.
  await eventually(async () => {
    const { rows } = await sql.query("select 1 from pg_stat_activity where backend_xid is not null");
    return rows.length === 0;
  });
  const admin = createResilientPool(standby.url, 1);
  await admin.query("select pg_promote()");
  await admin.end();
  for (const proxy of proxies) proxy.retarget(getPort(standby.url));
};

/** Starts the servers one after the other, on a new database with the audit schema. */
export const startCluster = async (services: Services, plan: ClusterOptions): Promise<Cluster> => {
  await using stack = new AsyncDisposableStack();
  const isOwn = (name: "postgres" | "redis") => plan.own?.includes(name) === true;
  const postgres = isOwn("postgres") ? stack.use(await startPostgres()) : services.postgres;
  const redis = isOwn("redis") ? stack.use(await startRedis()) : services.redis;
  const databaseUrl = await createDatabase(postgres.url);
  const auditProxy = stack.use(await createProxy(databaseUrl));
  const sql = createResilientPool(toProxyUrl(databaseUrl, auditProxy));
  stack.defer(() => sql.end());
  // The shared PostgreSQL server of the tests turns `synchronous_commit` off to be faster. The
  // fault cases turn it on, because acknowledged tasks must survive a crash.
  await sql.query(`alter database "${new URL(databaseUrl).pathname.slice(1)}" set synchronous_commit = on`);

  const isLimited = plan.connectionLimit !== undefined;
  const serverUrl = isLimited ? await createLimitedRole(sql, databaseUrl, plan.connectionLimit) : databaseUrl;
  const nodes: Node[] = [];
  for (let index = 0; index < (plan.servers ?? 2); index += 1) {
    nodes.push(await startNode({ postgres: serverUrl, redis: redis.url, plan, index }, stack));
    if (index === 0) await sql.query(AUDIT);
    if (index === 0 && isLimited) await grantAudit(sql, new URL(serverUrl).username);
  }
  const standby = plan.standby === true ? stack.use(await startStandby(postgres)) : undefined;
  const failOver = async () => {
    if (standby === undefined) throw new Error("the cluster has no standby");
    await failOverTo(standby, { sql, proxies: [...nodes.map((node) => node.postgresProxy), auditProxy] });
    auditProxy.cut();
  };
  const settings = { ...SETTINGS, ...plan.settings };
  const owned = stack.move();
  return {
    ...{ nodes, sql, databaseUrl, postgres, redis, settings, failOver },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
