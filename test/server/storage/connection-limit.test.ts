import { Client } from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { createServer, parseSettings } from "../../../server/index.ts";
import { openDatabase } from "../../../server/storage/database.ts";
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

/** A database whose owner may have so many connections. */
const aDatabase = async (limit: number): Promise<string> => {
  const url = new URL(await createDatabase(inject("postgresUrl")));
  const owner = `${url.pathname.slice(1)}_owner`;
  await query(`create role ${owner} login connection limit ${limit}`);
  await query(`alter database ${url.pathname.slice(1)} owner to ${owner}`);
  url.username = owner;
  return url.href;
};

const aServer = async (database_url: string, more: object = {}) => {
  const settings = { log_level: "silent", database_url, sweeper_interval_seconds: 0.05, ...more } as const;
  const app = await createServer({ settings: parseSettings({}, settings) });
  onTestFinished(() => app.close());
  await app.ready();
  const send = async (method: "GET" | "POST" | "PUT", path: string, payload?: object) => {
    const answer = await app.inject({ method, url: `/v1/joblib${path}`, ...(payload && { payload }) });
    return { status: answer.statusCode, body: answer.json() };
  };
  return { app, send };
};

const JOB = { category: "m", name: "Limited", schema: {} };
type Send = Awaited<ReturnType<typeof aServer>>["send"];

/** Sends so many requests at once, of every kind, and requires that each is answered as if it were alone. */
const requireAnswers = async (send: Send, count: number): Promise<void> => {
  const { body: job } = await send("PUT", "/rooms/lab/jobs", JOB);
  const kinds = [
    () => send("POST", `/rooms/lab/tasks/${job.full_name}`, { payload: {} }),
    () => send("POST", "/tasks/claim", { worker_id: job.worker_id, start: true }),
    () => send("GET", "/rooms/lab/tasks"),
    () => send("GET", "/rooms/lab/jobs"),
    () => send("PUT", "/rooms/lab/jobs", JOB),
    () => send("GET", "/rooms/lab/stats?hours=1"),
    () => send("GET", "/workers"),
    () => send("GET", "/health"),
  ];
  const all = Array.from({ length: count }, (_, index) => kinds[index % kinds.length]?.());
  const answers = await Promise.all(all);
  expect(answers.filter((answer) => answer === undefined || answer.status >= 300)).toEqual([]);
};

test.each([1, 2, 3, 5])("answers 200 requests at once if the role may have %i connections", async (limit) => {
  const { app, send } = await aServer(await aDatabase(limit));

  await requireAnswers(send, 200);
  expect((await app.inject({ url: "/readyz" })).json().status).toBe("up");
});

test.each([1, 2])("sweeps if the role may have %i connections", async (limit) => {
  const { send } = await aServer(await aDatabase(limit), {
    worker_timeout_threshold: 0.2,
    task_retention_days: 1,
  });
  const { body: job } = await send("PUT", "/rooms/lab/jobs", JOB);

  await expect
    .poll(async () => (await send("GET", `/rooms/lab/jobs/${job.full_name}`)).status, { timeout: 20_000 })
    .toBe(404);
});

test("shares the connections of a role with another server", async () => {
  const url = await aDatabase(3);
  const first = await aServer(url);
  const second = await aServer(url);

  await Promise.all([requireAnswers(first.send, 60), requireAnswers(second.send, 60)]);
});

test("waits for a connection as long as a statement may take, and then says what is wrong", async () => {
  const url = await aDatabase(1);
  const server = await aServer(url, { statement_timeout_seconds: 1, sweeper_interval_seconds: 3600 });
  await server.app.close();
  const holder = new Client({ connectionString: url });
  await expect
    .poll(() =>
      holder.connect().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  onTestFinished(() => holder.end());
  const orm = await openDatabase({ url, statementTimeoutSeconds: 0.5 });
  onTestFinished(() => orm.close());
  const storage = createStorage(orm);
  onTestFinished(() => storage.close());

  const ping = storage.ping();

  await expect(ping).rejects.toThrow(/^the database accepts no more connections.*53300/);
});

test("opens more connections once the role may have more", async () => {
  const url = await aDatabase(1);
  const orm = await openDatabase({ url, poolSize: 4 });
  await migrate(orm);
  // The ORM's own connection would take the only one that the role may have.
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

test("waits if a pooler accepts no more connections", async () => {
  const url = await createDatabase(inject("postgresUrl"));
  await using pgbouncer = await startPgbouncer(url, { max_client_conn: "3", default_pool_size: "2" });
  const { app, send } = await aServer(pgbouncer.through(url));

  await requireAnswers(send, 100);
  await app.close();
});
