import { Client } from "pg";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { createServer, parseSettings } from "../../../server/index.ts";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { UnfitDatabase } from "../../../server/storage/database/unfit-database.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { registerJob, registerWorker } from "../../conformance/storage-fixture.ts";
import { createProxy, toProxyUrl } from "../../faults/cluster/proxy-url.ts";
import { eventually } from "../../support/eventually.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";

const resources: AsyncDisposable[] = [];
afterEach(async () => {
  for (const resource of resources.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});
const disposeAfterTest = <Resource extends AsyncDisposable>(resource: Resource): Resource => {
  resources.push(resource);
  return resource;
};

const query = async (url: string, text: string) => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

/** Starts a primary, a standby, and a proxy that connects to the primary. */
const startPair = async () => {
  const primary = disposeAfterTest(await startPostgres());
  const url = await primary.createDatabase();
  const proxy = disposeAfterTest(await createProxy(url));
  const orm = await openDatabase({ url });
  await migrate(orm);
  await orm.close();
  const standby = disposeAfterTest(await startPostgres({ standbyOf: primary.url }));
  const port = (server: PostgresServer) => Number(new URL(server.url).port);
  return { primary, standby, url: toProxyUrl(url, proxy), proxy, port };
};

/** Promotes the standby. The old primary keeps running, but is read-only. */
const failOver = async ({ primary, standby, proxy, port }: Awaited<ReturnType<typeof startPair>>) => {
  await query(primary.url, "alter system set default_transaction_read_only = on");
  await query(primary.url, "select pg_reload_conf()");
  await query(standby.url, "select pg_promote()");
  proxy.retarget(port(standby));
};

describe("failover to a standby", () => {
  test("statements use the new primary after a failover, instead of pooled connections to the old primary", async () => {
    const pair = await startPair();
    const orm = await openDatabase({ url: pair.url });
    onTestFinished(() => orm.close());
    const storage = createStorage(orm);
    onTestFinished(() => storage.close());
    const job = await registerJob(storage);
    // Opens several sessions to the old primary, both for lookups and for other statements.
    await Promise.all(Array.from({ length: 6 }, () => registerWorker(storage, job)));
    await storage.ping();

    await failOver(pair);

    const workers = await Promise.all(Array.from({ length: 12 }, () => registerWorker(storage, job)));
    expect(new Set(workers).size).toBe(12);
    await storage.ping();
    expect(await storage.queue.claim(job.workerId, 1, false)).toEqual([]);
    const found = await query(
      pair.standby.url.replace(/postgres$/, new URL(pair.url).pathname.slice(1)),
      "select id from joblib.worker",
    );
    expect(found).toHaveLength(19);
  });

  test("the operation /readyz reports read-only until the standby is promoted after a failover", async () => {
    const pair = await startPair();
    const settings = parseSettings({}, { log_level: "silent", database_url: pair.url });
    const app = await createServer({ settings });
    onTestFinished(() => app.close());
    const readyz = async () => (await app.inject({ url: "/readyz" })).json();
    expect((await readyz()).database).toEqual({ status: "up", kind: "postgresql" });

    await pair.primary.stop();
    pair.proxy.retarget(pair.port(pair.standby));
    pair.proxy.cut();

    await eventually(async () => (await readyz()).database.status === "read-only");
    const response = await app.inject({ url: "/readyz" });
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({
      status: "down",
      database: { reason: expect.stringMatching(/standby/) },
    });
    const refused = await app.inject({ method: "POST", url: "/v1/joblib/workers", payload: {} });
    expect(refused.json()).toMatchObject({ status: 503, detail: expect.stringMatching(/read-only/) });

    await query(pair.standby.url, "select pg_promote()");
    await eventually(async () => (await readyz()).database.status === "up");
    expect((await app.inject({ method: "POST", url: "/v1/joblib/workers", payload: {} })).statusCode).toBe(
      201,
    );
  });

  test("a server fails to start on a standby, with an error that says what to do", async () => {
    const { standby, url } = await startPair();
    const settings = parseSettings(
      {},
      {
        log_level: "silent",
        database_url: standby.url.replace(/postgres$/, new URL(url).pathname.slice(1)),
      },
    );

    const start = createServer({ settings });

    await expect(start).rejects.toBeInstanceOf(UnfitDatabase);
    await expect(start).rejects.toThrow(/^the database is a standby, .*: connect to the primary/);
  });
});
