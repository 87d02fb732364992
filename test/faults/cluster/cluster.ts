import { Pool } from "pg";
import { eventually } from "../../support/eventually.ts";
import { createDatabase, type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import type { TcpProxy } from "../proxy/tcp-proxy.ts";
import { AUDIT } from "./audit.ts";
import { type Environment, FaultyServer, ROOT } from "./faulty-server.ts";
import { linkTo, portOf, through } from "./link.ts";
import type { Services } from "./services.ts";

/** What of a cluster is not as usual. */
export interface ClusterPlan {
  /** 2. */
  readonly servers?: number;
  /** Over `SETTINGS`. */
  readonly settings?: Environment;
  /** Over that, for each server by its place. */
  readonly each?: readonly Environment[];
  /** A PostgreSQL or a Redis of its own, because it is to be stopped. */
  readonly own?: readonly ("postgres" | "redis")[];
  /** A streaming standby of a PostgreSQL of its own, which `failOver` promotes. */
  readonly standby?: boolean;
  /** How many connections the servers' role may have; without it they are a superuser, who has no limit. */
  readonly connectionLimit?: number;
  /** Where joblib is, for a planted defect. */
  readonly root?: string;
}

/** The clock of the tests: everything that takes a minute in production takes a second here. */
export const SETTINGS = {
  JOBLIB_WORKER_TIMEOUT_THRESHOLD: "2",
  JOBLIB_SWEEPER_INTERVAL_SECONDS: "0.25",
  JOBLIB_CLAIM_GRACE_SECONDS: "1",
  JOBLIB_DATABASE_POOL_SIZE: "4",
} as const;

/** A server with the links behind it. */
export interface Node {
  readonly server: FaultyServer;
  readonly postgres: TcpProxy;
  readonly redis: TcpProxy;
}

/** Servers on one PostgreSQL and one Redis; every link between any two of them passes a proxy. */
export interface Cluster extends AsyncDisposable {
  readonly nodes: readonly Node[];
  /** The database past all proxies, for the audit and the checker. */
  readonly sql: Pool;
  readonly databaseUrl: string;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  /** Turns the standby into the primary, and every address to it; the old primary goes on, read-only. */
  failOver(): Promise<void>;
  readonly settings: Readonly<Record<string, string | undefined>>;
}

const startNode = async (
  { postgres, redis, plan, index }: { postgres: string; redis: string; plan: ClusterPlan; index: number },
  stack: AsyncDisposableStack,
): Promise<Node> => {
  const links = { postgres: stack.use(await linkTo(postgres)), redis: stack.use(await linkTo(redis)) };
  const env = {
    ...SETTINGS,
    ...plan.settings,
    ...plan.each?.[index],
    JOBLIB_DATABASE_URL: through(postgres, links.postgres),
    JOBLIB_REDIS_URL: through(redis, links.redis),
  };
  const server = stack.use(await FaultyServer.start({ name: `S${index + 1}`, env, root: plan.root ?? ROOT }));
  return { server, ...links };
};

/** A pool whose connections may be cut under it. */
export const toughPool = (connectionString: string, max = 4): Pool => {
  const pool = new Pool({ connectionString, max });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
};

/** The servers' own role, with a limit on its connections. */
const limitRole = async (sql: Pool, databaseUrl: string, limit: number): Promise<string> => {
  const url = new URL(databaseUrl);
  const name = url.pathname.slice(1);
  await sql.query(`create role ${name} login connection limit ${limit}`);
  await sql.query(`alter database ${name} owner to ${name}`);
  url.username = name;
  return url.href;
};

const letAudit = async (sql: Pool, role: string): Promise<void> => {
  await sql.query(`grant usage on schema faults to ${role}`);
  await sql.query(`grant all on all tables in schema faults to ${role}`);
};

/** A standby to which every commit of the primary goes before it is acknowledged. */
const startStandby = async (primary: PostgresServer): Promise<PostgresServer> => {
  const standby = await startPostgres({ standbyOf: primary.url });
  const admin = toughPool(primary.url, 1);
  await admin.query("alter system set synchronous_standby_names = '*'");
  await admin.query("select pg_reload_conf()");
  await admin.end();
  return standby;
};

const failOverTo = async (
  standby: PostgresServer,
  { sql, links }: { readonly sql: Pool; readonly links: readonly TcpProxy[] },
): Promise<void> => {
  await sql.query("alter system set default_transaction_read_only = on");
  await sql.query("select pg_reload_conf()");
  // What was writing when that was set comes to its end.
  await eventually(async () => {
    const { rows } = await sql.query("select 1 from pg_stat_activity where backend_xid is not null");
    return rows.length === 0;
  });
  const admin = toughPool(standby.url, 1);
  await admin.query("select pg_promote()");
  await admin.end();
  for (const link of links) link.retarget(portOf(standby.url));
};

/** Starts the servers one after the other, on a database of their own with the audit in it. */
export const startCluster = async (services: Services, plan: ClusterPlan): Promise<Cluster> => {
  await using stack = new AsyncDisposableStack();
  const owns = (name: "postgres" | "redis") => plan.own?.includes(name) === true;
  const postgres = owns("postgres") ? stack.use(await startPostgres()) : services.postgres;
  const redis = owns("redis") ? stack.use(await startRedis()) : services.redis;
  const databaseUrl = await createDatabase(postgres.url);
  const auditLink = stack.use(await linkTo(databaseUrl));
  const sql = toughPool(through(databaseUrl, auditLink));
  stack.defer(() => sql.end());
  // The tests' PostgreSQL does without; a server's word that a task is kept is to be what it is in production.
  await sql.query(`alter database "${new URL(databaseUrl).pathname.slice(1)}" set synchronous_commit = on`);

  const isLimited = plan.connectionLimit !== undefined;
  const serverUrl = isLimited ? await limitRole(sql, databaseUrl, plan.connectionLimit) : databaseUrl;
  const nodes: Node[] = [];
  for (let index = 0; index < (plan.servers ?? 2); index += 1) {
    nodes.push(await startNode({ postgres: serverUrl, redis: redis.url, plan, index }, stack));
    if (index === 0) await sql.query(AUDIT);
    if (index === 0 && isLimited) await letAudit(sql, new URL(serverUrl).username);
  }
  const standby = plan.standby === true ? stack.use(await startStandby(postgres)) : undefined;
  const failOver = async () => {
    if (standby === undefined) throw new Error("the cluster has no standby");
    await failOverTo(standby, { sql, links: [...nodes.map((node) => node.postgres), auditLink] });
    auditLink.cut();
  };
  const settings = { ...SETTINGS, ...plan.settings };
  const owned = stack.move();
  return {
    ...{ nodes, sql, databaseUrl, postgres, redis, settings, failOver },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};
