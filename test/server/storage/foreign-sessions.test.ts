import { MikroORM, type Options } from "@mikro-orm/postgresql";
import { CompiledQuery, type DatabaseConnection } from "kysely";
import { Client, defaults, types } from "pg";
import { afterEach, describe, expect, inject, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { entities } from "../../../server/storage/entities.ts";
import { migrate } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { claimOne, insertPendingTask, registerJob } from "../../conformance/storage-fixture.ts";
import { startPgbouncer } from "../../support/pgbouncer.ts";
import { createDatabase } from "../../support/postgres.ts";
import { openApi } from "../http/api.ts";
import { runTaskLifecycle } from "./task-lifecycle.ts";

/** OIDs of PostgreSQL types. */
const TYPES = {
  int8: 20,
  json: 114,
  jsonb: 3802,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
};
const defaultParsers = Object.values(TYPES).map((oid) => [oid, types.getTypeParser(oid)] as const);

/** Changes to the global state of the driver pg that a host application may make. */
const PARSERS: Readonly<Record<string, () => void>> = {
  "JSON as text": () => {
    for (const oid of [TYPES.json, TYPES.jsonb]) types.setTypeParser(oid, (text) => text);
  },
  "JSON with big integers": () => {
    const parse = (text: string) =>
      JSON.parse(text, (_, value) => (Number.isSafeInteger(value) ? BigInt(value) : value));
    for (const oid of [TYPES.json, TYPES.jsonb]) types.setTypeParser(oid, parse);
  },
  "times as objects, numbers as big integers": () => {
    for (const oid of [TYPES.date, TYPES.timestamp, TYPES.timestamptz]) {
      types.setTypeParser(oid, (text) => ({ epoch: Date.parse(text) }));
    }
    types.setTypeParser(TYPES.int8, BigInt);
    types.setTypeParser(TYPES.numeric, Number.parseFloat);
  },
  "the driver's defaults": () => {
    Object.assign(defaults, { parseInt8: true, parseInputDatesAsUTC: true, statement_timeout: 1000 });
    Object.assign(defaults, { query_timeout: 20_000, options: "-c datestyle=SQL" });
  },
};
const driverDefaults = { ...defaults };

afterEach(() => {
  for (const [oid, parser] of defaultParsers) types.setTypeParser(oid, parser);
  Object.assign(defaults, driverDefaults, { parseInt8: false });
});

/** Statements that a host runs in each new session. */
const SESSION_SETUP = [
  "set datestyle = 'SQL, DMY'",
  "set timezone = 'Asia/Kathmandu'",
  "set search_path = public",
];
/**
 * Options for the ORM of a host. If the options define hooks, joblib uses the sessions of the host.
 */
const hostOptions: Readonly<Record<string, Partial<Options>>> = {
  "a plain pool": {
    driverOptions: { options: "-c datestyle=German -c default_transaction_isolation=serializable" },
  },
  "a hook on each connection": {
    onCreateConnection: async (connection) => {
      const session = connection as DatabaseConnection;
      for (const statement of SESSION_SETUP) await session.executeQuery(CompiledQuery.raw(statement));
    },
    forceUtcTimezone: true,
    filters: { mine: { cond: { id: null }, default: true } },
    onQuery: (sql: string) => `${sql} -- traced`,
    schema: "public",
  },
};

const openHostOrm = async (options: Partial<Options>) => {
  const orm = await MikroORM.init({
    entities: [...entities],
    clientUrl: await createDatabase(inject("postgresUrl")),
    ...options,
  });
  onTestFinished(() => orm.close());
  return orm;
};

describe.each(Object.entries(hostOptions))("a host with %s", (name, options) => {
  test(`a host with ${name} can have any settings in its sessions`, async () => {
    const orm = await openHostOrm(options);
    await migrate(orm);
    const api = await openApi({ orm });
    onTestFinished(() => api.close());

    await runTaskLifecycle(api);

    const { rows } = await orm.em
      .getConnection()
      .execute("show datestyle")
      .then((all) => ({ rows: all }));
    expect(rows).not.toEqual([{ DateStyle: "ISO, YMD" }]);
  });

  test.each(
    Object.entries(PARSERS),
  )(`a host with ${name} can replace parsers: %s`, async (_name, replace) => {
    const orm = await openHostOrm(options);
    await migrate(orm);
    replace();
    const api = await openApi({ orm });
    onTestFinished(() => api.close());

    await runTaskLifecycle(api);
  });
});

test("the storage reads results if the host has set the binary format as the default", async () => {
  const orm = await openHostOrm({});
  await migrate(orm);
  Object.assign(defaults, { binary: true });
  const storage = createStorage(orm);
  onTestFinished(() => storage.close());

  const job = await registerJob(storage);
  const { task } = await insertPendingTask(storage, job, { payload: { n: 0.5 } });

  expect((await claimOne(storage, job.workerId, true)).task).toMatchObject({
    ...{ id: task.id, payload: { n: 0.5 }, created_at: task.created_at },
  });
});

describe("server behind PgBouncer in transaction mode", () => {
  test.each([
    ["refuses", {}],
    ["ignores", { ignore_startup_parameters: "options" }],
  ])("a server behind PgBouncer in transaction mode runs all operations and leaks no settings to other clients if the pooler %s start-up options", async (_, settings) => {
    const url = await createDatabase(inject("postgresUrl"));
    await using pgbouncer = await startPgbouncer(url, { ...settings, default_pool_size: "2" });
    const admin = new Client({ connectionString: url });
    await admin.connect();
    const name = new URL(url).pathname.slice(1);
    await admin.query(`alter database ${name} set datestyle = 'SQL, DMY'`);
    await admin.query(`alter database ${name} set default_transaction_isolation = 'serializable'`);
    await admin.end();
    const orm = await openDatabase({ url: pgbouncer.toUrl(url) });
    await migrate(orm);
    const api = await openApi({ orm });

    await runTaskLifecycle(api);

    const client = new Client({ connectionString: pgbouncer.toUrl(url) });
    await client.connect();
    for (let count = 0; count < 5; count += 1) {
      const { rows } = await client.query(
        "select current_setting('enable_seqscan') as seqscan, current_setting('search_path') as path",
      );
      expect(rows).toEqual([{ seqscan: "on", path: '"$user", public' }]);
    }
    await client.end();
    await api.close();
    await orm.close();
  });
});
