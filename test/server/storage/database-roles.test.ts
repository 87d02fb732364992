import { readFileSync } from "node:fs";
import Fastify from "fastify";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { createServer, joblib, migrate, openDatabase, parseSettings } from "../../../server/index.ts";
import { SEQUENCES, TABLE_PRIVILEGES } from "../../../server/storage/database/database-checks.ts";
import { pendingMigrations } from "../../../server/storage/migrations/migrate.ts";
import { createDatabaseWithRoles, type DatabaseWithRoles, runSql } from "../../support/database-roles.ts";
import { createDatabase } from "../../support/postgres.ts";

const open = async (url: string) => {
  const orm = await openDatabase({ url });
  onTestFinished(() => orm.close());
  return orm;
};

const createMigratedDatabase = async (): Promise<DatabaseWithRoles> => {
  const database = await createDatabaseWithRoles(inject("postgresUrl"));
  await migrate(await open(database.migratorUrl));
  return database;
};

/** Creates the server that `joblib serve` runs, but does not listen on a port. */
const serve = async (database_url: string, options: { readonly migrate?: boolean } = {}) => {
  const settings = parseSettings({}, { database_url, log_level: "silent", database_pool_size: 4 });
  const app = await createServer({ settings, ...options });
  await app.ready();
  onTestFinished(() => app.close());
  return app;
};

/** Every right that the server's role needs, in the syntax of GRANT. */
const RIGHTS = [
  ...Object.entries(TABLE_PRIVILEGES).flatMap(([table, privileges]) =>
    privileges.map((privilege) => [privilege, `TABLE joblib.${table}`] as const),
  ),
  ...SEQUENCES.map((name) => ["USAGE", `SEQUENCE joblib.${name}`] as const),
  ["USAGE", "SCHEMA joblib"] as const,
];

describe("migrating role", () => {
  test("the migrating role migrates with exactly the documented grants", async () => {
    const { migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    const orm = await open(migratorUrl);

    expect((await migrate(orm)).length).toBeGreaterThan(0);
    expect(await pendingMigrations(orm)).toEqual([]);
  });

  test("the migrating role creates the schema if it has the right to create schemas", async () => {
    const { admin, migrator, migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    const database = new URL(migratorUrl).pathname.slice(1);
    await admin(`drop schema joblib cascade; grant create on database ${database} to ${migrator}`);

    expect((await migrate(await open(migratorUrl))).length).toBeGreaterThan(0);
  });

  test("the migrating role gets an error with the statement that lets it create the schema", async () => {
    const { admin, migrator, migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    await admin("drop schema joblib cascade");

    await expect(migrate(await open(migratorUrl))).rejects.toThrow(
      `may not create the schema joblib: run as an administrator: CREATE SCHEMA joblib AUTHORIZATION ${migrator};`,
    );
  });

  test("the migrating role gets an error with the statement that lets it create tables", async () => {
    const { admin, migrator, migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    await admin("alter schema joblib owner to postgres");
    await admin(`grant usage on schema joblib to ${migrator}`);

    await expect(migrate(await open(migratorUrl))).rejects.toThrow(
      `GRANT USAGE, CREATE ON SCHEMA joblib TO ${migrator};`,
    );
  });

  test("the migrating role gets an error with the tables that it does not own", async () => {
    const { admin, migrator, migratorUrl, server } = await createMigratedDatabase();
    await admin(`delete from joblib.migration where name = 'joblib-20261126-queue-places';
      alter table joblib.task owner to postgres; grant select on joblib.migration to ${server}`);

    await expect(migrate(await open(migratorUrl))).rejects.toThrow(
      `${migrator} does not own joblib.task, joblib.task_number, so it cannot migrate`,
    );
  });

  test("the migrating role needs no right to create objects if no migration is pending", async () => {
    const { serverUrl } = await createMigratedDatabase();

    expect(await migrate(await open(serverUrl))).toEqual([]);
  });

  test("the migrating role can own the schema if another role owns the database", async () => {
    const { admin, migratorUrl, serverUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    await admin("create table public.host_table (id integer)");

    await migrate(await open(migratorUrl));

    await serve(serverUrl, { migrate: false });
  });
});

describe("serving role", () => {
  test("the serving role is documented with the privileges that joblib checks", () => {
    const page = readFileSync(new URL("../../../docs/operating.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| ((?:SELECT|INSERT|UPDATE|DELETE|, )+) \|$/gm)];
    const documented = rows.flatMap(([, tables = "", privileges = ""]) =>
      tables.split(", ").map((table) => [table.replaceAll("`", ""), privileges.split(", ")] as const),
    );

    expect(Object.fromEntries(documented)).toEqual(TABLE_PRIVILEGES);
  });

  test("the serving role is checked for privileges on every table and sequence of the schema", async () => {
    const orm = await open(await createDatabase(inject("postgresUrl")));
    await migrate(orm);

    const rows = await orm.em
      .fork()
      .execute<{ relname: string; relkind: string }[]>(
        "select relname, relkind::text from pg_class where relnamespace = 'joblib'::regnamespace and relkind in ('r', 'S')",
      );
    const getNames = (kind: string) =>
      rows
        .filter(({ relkind }) => relkind === kind)
        .map(({ relname }) => relname)
        .sort();

    expect(getNames("r")).toEqual(Object.keys(TABLE_PRIVILEGES).sort());
    expect(getNames("S")).toEqual([...SEQUENCES].sort());
  });

  test.each([
    true,
    false,
  ])("the serving role starts the server with exactly the documented grants (migrate: %s)", async (shouldMigrate) => {
    const { serverUrl } = await createMigratedDatabase();

    const app = await serve(serverUrl, { migrate: shouldMigrate });

    expect((await app.inject("/readyz")).json()).toMatchObject({ status: "up" });
  });

  test("the serving role is rejected if any one right is missing, with the statement that grants it", {
    timeout: 120_000,
  }, async () => {
    const { admin, server, serverUrl } = await createMigratedDatabase();

    for (const [privilege, object] of RIGHTS) {
      await admin(`revoke ${privilege} on ${object} from ${server}`);

      await expect(serve(serverUrl, { migrate: false }), `${privilege} on ${object}`).rejects.toThrow(
        `GRANT ${privilege} ON ${object} TO ${server};`,
      );

      await admin(`grant ${privilege} on ${object} to ${server}`);
    }
    await serve(serverUrl);
  });

  test("the serving role is rejected without the right to use advisory locks", async () => {
    const { admin, server, serverUrl } = await createMigratedDatabase();
    await admin("revoke execute on function pg_catalog.pg_try_advisory_xact_lock(bigint) from public");

    await expect(serve(serverUrl)).rejects.toThrow(
      `GRANT EXECUTE ON FUNCTION pg_catalog.pg_try_advisory_xact_lock(bigint) TO ${server};`,
    );
  });

  test("the serving role is rejected without CONNECT", async () => {
    const { admin, server, serverUrl } = await createMigratedDatabase();
    await admin(`revoke connect on database ${new URL(serverUrl).pathname.slice(1)} from ${server}`);

    await expect(serve(serverUrl)).rejects.toThrow(
      /permission denied for database .*GRANT CONNECT ON DATABASE/,
    );
  });

  test("the serving role is rejected while row-level security hides rows", async () => {
    const { admin, serverUrl } = await createMigratedDatabase();
    await admin("alter table joblib.task enable row level security");

    await expect(serve(serverUrl)).rejects.toThrow("ALTER TABLE joblib.task DISABLE ROW LEVEL SECURITY;");
  });

  test("the serving role is rejected if migrations are pending that it has no right to apply", async () => {
    const { server, serverUrl } = await createDatabaseWithRoles(inject("postgresUrl"));

    await expect(serve(serverUrl)).rejects.toThrow(`the database role ${server} may not create tables`);
    await expect(serve(serverUrl, { migrate: false })).rejects.toThrow(
      /migration\(s\) pending: .*joblib migrate/,
    );
  });

  test("the serving role can use tables that were created before the grants", async () => {
    const { admin, server, serverUrl, migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    await admin(`alter default privileges for role ${new URL(migratorUrl).username} in schema joblib
      revoke all on tables from ${server}`);
    await migrate(await open(migratorUrl));
    await expect(serve(serverUrl, { migrate: false })).rejects.toThrow(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA joblib TO ${server};`,
    );

    await runSql(
      migratorUrl,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA joblib TO ${server};
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA joblib TO ${server};`,
    );

    await serve(serverUrl, { migrate: false });
  });
});

describe("missing right or table", () => {
  /** Starts a host with the plugin, and returns the lines that the host logs. */
  const startHost = async (url: string) => {
    const lines: string[] = [];
    const app = Fastify({ logger: { stream: { write: (line: string) => void lines.push(line) } } });
    await app.register(joblib, {
      orm: await open(url),
      getCurrentUserId: () => "ann",
      getIsAdmin: () => true,
      settings: { sweeper_interval_seconds: 3600 },
    });
    onTestFinished(() => app.close());
    return { app, lines };
  };

  test("a missing right or table causes a 503 and a log line with the GRANT statement, until the right is granted", async () => {
    const { admin, server, serverUrl } = await createMigratedDatabase();
    const { app, lines } = await startHost(serverUrl);
    const registration = { category: "tests", name: "Job", schema: { type: "object" } };
    await app.inject({ method: "PUT", url: "/v1/joblib/rooms/lab/jobs", payload: registration });
    const submit = () =>
      app.inject({ method: "POST", url: "/v1/joblib/rooms/lab/tasks/private:tests:Job", payload: {} });
    expect((await submit()).statusCode).toBe(202);
    await admin(`revoke usage on sequence joblib.task_number from ${server}`);

    const response = await submit();

    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({
      type: "/v1/problems/service-unavailable",
      detail: expect.stringContaining("log"),
    });
    await expect
      .poll(() => lines.join(""))
      .toContain(`GRANT USAGE ON SEQUENCE joblib.task_number TO ${server};`);
    expect(lines.join("")).not.toContain("unexpected error");

    await admin(`grant usage on sequence joblib.task_number to ${server}`);
    expect((await submit()).statusCode).toBe(202);
  });

  test("the health operation returns the finding “privileges” for a missing right or table, and logs the details", async () => {
    const { admin, server, serverUrl } = await createMigratedDatabase();
    const { app, lines } = await startHost(serverUrl);
    await app.ready();
    expect((await app.inject("/v1/joblib/health")).json()).toMatchObject({ database: { findings: [] } });
    await admin(`revoke delete on joblib.task_log from ${server}`);

    const { database } = (await app.inject("/v1/joblib/health")).json();

    expect(database).toMatchObject({ state: "up", findings: ["privileges"] });
    expect(lines.join("")).toContain(`GRANT DELETE ON TABLE joblib.task_log TO ${server};`);
  });

  test("a missing right or table prevents a host from becoming ready", async () => {
    const { admin, server, serverUrl } = await createMigratedDatabase();
    await admin(`revoke delete on joblib.task_log from ${server}`);
    const { app } = await startHost(serverUrl);

    await expect(app.ready()).rejects.toThrow(`GRANT DELETE ON TABLE joblib.task_log TO ${server};`);
  });

  test("a missing right or table causes a 503 and a log line that recommends `joblib migrate` if the tables were dropped", async () => {
    const { admin, serverUrl } = await createMigratedDatabase();
    const { app, lines } = await startHost(serverUrl);
    await app.ready();
    await admin("drop schema joblib cascade");

    const response = await app.inject("/v1/joblib/rooms/lab/jobs");

    expect(response.statusCode).toBe(503);
    await expect.poll(() => lines.join("")).toContain("joblib migrate");
  });
});
