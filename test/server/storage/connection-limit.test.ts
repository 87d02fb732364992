import { Client } from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { createServer, parseSettings } from "../../../server/index.ts";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { startPgbouncer } from "../../support/pgbouncer.ts";
import { createDatabase } from "../../support/postgres.ts";

const query = async (text: string): Promise<void> => {
  const admin = new Client({ connectionString: inject("postgresUrl") });
  await admin.connect();
  await admin.query(text);
  await admin.end();
};

/** Creates a database whose owner has a connection limit, and returns the URL with this owner. */
const createLimitedDatabase = async (limit: number): Promise<string> => {
  const url = new URL(await createDatabase(inject("postgresUrl")));
  const owner = `${url.pathname.slice(1)}_owner`;
  await query(`create role ${owner} login connection limit ${limit}`);
  await query(`alter database ${url.pathname.slice(1)} owner to ${owner}`);
  url.username = owner;
  return url.href;
};

const startServer = async (database_url: string, extraSettings: object = {}) => {
  const settings = {
    log_level: "silent",
    database_url,
    sweeper_interval_seconds: 0.05,
    ...extraSettings,
  } as const;
  const app = await createServer({ settings: parseSettings({}, settings) });
  onTestFinished(() => app.close());
  await app.ready();
  const send = async (method: "GET" | "POST" | "PUT", path: string, payload?: object) => {
    const response = await app.inject({ method, url: `/v1/joblib${path}`, ...(payload && { payload }) });
    return { status: response.statusCode, body: response.json() };
  };
  return { app, send };
};

const JOB = { category: "m", name: "Limited", schema: {} };
type Send = Awaited<ReturnType<typeof startServer>>["send"];

/** Sends `count` concurrent requests of each kind, and requires that all of them succeed. */
const requireSuccess = async (send: Send, count: number): Promise<void> => {
  const { body: job } = await send("PUT", "/rooms/lab/jobs", JOB);
  const requests = [
    () => send("POST", `/rooms/lab/tasks/${job.full_name}`, { payload: {} }),
    () => send("POST", "/tasks/claim", { worker_id: job.worker_id, start: true }),
    () => send("GET", "/rooms/lab/tasks"),
    () => send("GET", "/rooms/lab/jobs"),
    () => send("PUT", "/rooms/lab/jobs", JOB),
    () => send("GET", "/rooms/lab/stats?hours=1"),
    () => send("GET", "/workers"),
    () => send("GET", "/health"),
  ];
  const responses = await Promise.all(
    Array.from({ length: count }, (_, index) => requests[index % requests.length]?.()),
  );
  expect(responses.filter((response) => response === undefined || response.status >= 300)).toEqual([]);
};

test.each([
  1, 2, 3, 5,
])("a server can respond to 200 concurrent requests if the connection limit of its role is %i", async (limit) => {
  const { app, send } = await startServer(await createLimitedDatabase(limit));

  await requireSuccess(send, 200);
  expect((await app.inject({ url: "/readyz" })).json().status).toBe("up");
});

test.each([1, 2])("a server can still sweep if the connection limit of its role is %i", async (limit) => {
  const { send } = await startServer(await createLimitedDatabase(limit), {
    worker_timeout_seconds: 0.2,
    task_retention_days: 1,
  });
  const { body: job } = await send("PUT", "/rooms/lab/jobs", JOB);

  await expect
    .poll(async () => (await send("GET", `/rooms/lab/jobs/${job.full_name}`)).status, { timeout: 20_000 })
    .toBe(404);
});

test("a server shares the connection limit of a role with another server", async () => {
  const url = await createLimitedDatabase(3);
  const first = await startServer(url);
  const second = await startServer(url);

  await Promise.all([requireSuccess(first.send, 60), requireSuccess(second.send, 60)]);
});

test("a server reports the connection limit after it has waited for a connection as long as the statement timeout", async () => {
  const url = await createLimitedDatabase(1);
  const server = await startServer(url, { statement_timeout_seconds: 1, sweeper_interval_seconds: 3600 });
  await server.app.close();
  const blocker = new Client({ connectionString: url });
  await expect
    .poll(() =>
      blocker.connect().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  onTestFinished(() => blocker.end());
  const orm = await openDatabase({ url, statementTimeoutSeconds: 0.5 });
  onTestFinished(() => orm.close());
  const storage = createStorage(orm);
  onTestFinished(() => storage.close());

  const ping = storage.ping();

  await expect(ping).rejects.toThrow(/^the database accepts no more connections.*53300/);
});

test("a server opens more connections after the limit of the role was raised", async () => {
  const url = await createLimitedDatabase(1);
  const orm = await openDatabase({ url, poolSize: 4 });
  await migrate(orm);
  // Closes this ORM, because it occupies the only connection that the limit allows.
  await orm.close();
  const own = await openDatabase({ url, poolSize: 4 });
  onTestFinished(() => own.close());
  const storage = createStorage(own);
  onTestFinished(() => storage.close());
  const findMany = () =>
    Promise.all(Array.from({ length: 20 }, () => storage.workers.find(crypto.randomUUID())));
  await findMany();
  expect(storage.getPoolUsage()).toEqual({ busy: 0, idle: 1, waiting: 0 });

  await query(`alter role ${new URL(url).username} connection limit 10`);

  await expect
    .poll(
      async () => {
        await findMany();
        return storage.getPoolUsage()?.idle;
      },
      { timeout: 25_000 },
    )
    .toBeGreaterThan(1);
});

test("a server waits if a pooler accepts no more connections", async () => {
  const url = await createDatabase(inject("postgresUrl"));
  await using pgbouncer = await startPgbouncer(url, { max_client_conn: "3", default_pool_size: "2" });
  const { app, send } = await startServer(pgbouncer.toUrl(url));

  await requireSuccess(send, 100);
  await app.close();
});
