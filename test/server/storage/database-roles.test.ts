import { readFileSync } from "node:fs";
import Fastify from "fastify";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { createServer, joblib, migrate, openDatabase, parseSettings } from "../../../server/index.ts";
import { pendingMigrations } from "../../../server/storage/migrations/migrate.ts";
import { SEQUENCES, TABLE_PRIVILEGES } from "../../../server/storage/table-rights.ts";
import { createDatabaseWithRoles, type DatabaseWithRoles, runSql } from "../../support/database-roles.ts";
import { createDatabase } from "../../support/postgres.ts";

const opened = async (url: string) => {
  const orm = await openDatabase({ url });
  onTestFinished(() => orm.close());
  return orm;
};

const migrated = async (): Promise<DatabaseWithRoles> => {
  const database = await createDatabaseWithRoles(inject("postgresUrl"));
  await migrate(await opened(database.migratorUrl));
  return database;
};

/** Starts what `joblib serve` starts, without listening. */
const serve = async (database_url: string, options: { readonly migrate?: boolean } = {}) => {
  const settings = parseSettings({}, { database_url, log_level: "silent", database_pool_size: 4 });
  const app = await createServer({ settings, ...options });
  await app.ready();
  onTestFinished(() => app.close());
  return app;
};

/** Every right that a serving role needs, as a GRANT names it. */
const RIGHTS = [
  ...Object.entries(TABLE_PRIVILEGES).flatMap(([table, privileges]) =>
    privileges.map((privilege) => [privilege, `TABLE joblib.${table}`] as const),
  ),
  ...SEQUENCES.map((name) => ["USAGE", `SEQUENCE joblib.${name}`] as const),
  ["USAGE", "SCHEMA joblib"] as const,
];

describe("the migrating role", () => {
  test("migrates with exactly the documented grants", async () => {
    const { migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    const orm = await opened(migratorUrl);

    expect((await migrate(orm)).length).toBeGreaterThan(0);
    expect(await pendingMigrations(orm)).toEqual([]);
  });

  test("creates the schema itself if it may", async () => {
    const { admin, migrator, migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    const database = new URL(migratorUrl).pathname.slice(1);
    await admin(`drop schema joblib cascade; grant create on database ${database} to ${migrator}`);

    expect((await migrate(await opened(migratorUrl))).length).toBeGreaterThan(0);
  });

  test("is told which statement lets it create the schema", async () => {
    const { admin, migrator, migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    await admin("drop schema joblib cascade");

    await expect(migrate(await opened(migratorUrl))).rejects.toThrow(
      `may not create the schema joblib: run as an administrator: CREATE SCHEMA joblib AUTHORIZATION ${migrator};`,
    );
  });

  test("is told which statement lets it create tables", async () => {
    const { admin, migrator, migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    await admin("alter schema joblib owner to postgres");
    await admin(`grant usage on schema joblib to ${migrator}`);

    await expect(migrate(await opened(migratorUrl))).rejects.toThrow(
      `GRANT USAGE, CREATE ON SCHEMA joblib TO ${migrator};`,
    );
  });

  test("is told who owns the tables if it does not", async () => {
    const { admin, migrator, migratorUrl, server } = await migrated();
    await admin(`delete from joblib.migration where name = 'joblib-20261126-queue-places';
      alter table joblib.task owner to postgres; grant select on joblib.migration to ${server}`);

    await expect(migrate(await opened(migratorUrl))).rejects.toThrow(
      `${migrator} does not own joblib.task, joblib.task_number, so it cannot migrate`,
    );
  });

  test("may be a role without any right to create if nothing is pending", async () => {
    const { serverUrl } = await migrated();

    expect(await migrate(await opened(serverUrl))).toEqual([]);
  });

  test("may own the schema while another role owns the database", async () => {
    const { admin, migratorUrl, serverUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    await admin("create table public.of_the_host (id integer)");

    await migrate(await opened(migratorUrl));

    await serve(serverUrl, { migrate: false });
  });
});

describe("the serving role", () => {
  test("is documented with the privileges that are checked", () => {
    const page = readFileSync(new URL("../../../docs/operating.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| ((?:`\w+`(?:, )?)+) \| ((?:SELECT|INSERT|UPDATE|DELETE|, )+) \|$/gm)];
    const documented = rows.flatMap(([, tables = "", privileges = ""]) =>
      tables.split(", ").map((table) => [table.replaceAll("`", ""), privileges.split(", ")] as const),
    );

    expect(Object.fromEntries(documented)).toEqual(TABLE_PRIVILEGES);
  });

  test("covers every table and sequence of the schema", async () => {
    const orm = await opened(await createDatabase(inject("postgresUrl")));
    await migrate(orm);

    const rows = await orm.em
      .fork()
      .execute<{ relname: string; relkind: string }[]>(
        "select relname, relkind::text from pg_class where relnamespace = 'joblib'::regnamespace and relkind in ('r', 'S')",
      );
    const named = (kind: string) =>
      rows
        .filter(({ relkind }) => relkind === kind)
        .map(({ relname }) => relname)
        .sort();

    expect(named("r")).toEqual(Object.keys(TABLE_PRIVILEGES).sort());
    expect(named("S")).toEqual([...SEQUENCES].sort());
  });

  test.each([true, false])("starts with exactly the documented grants (migrate: %s)", async (migrates) => {
    const { serverUrl } = await migrated();

    const app = await serve(serverUrl, { migrate: migrates });

    expect((await app.inject("/readyz")).json()).toMatchObject({ status: "up" });
  });

  test("is refused without a right, which the error names with the statement that grants it", {
    timeout: 120_000,
  }, async () => {
    const { admin, server, serverUrl } = await migrated();

    for (const [privilege, object] of RIGHTS) {
      await admin(`revoke ${privilege} on ${object} from ${server}`);

      await expect(serve(serverUrl, { migrate: false }), `${privilege} on ${object}`).rejects.toThrow(
        `GRANT ${privilege} ON ${object} TO ${server};`,
      );

      await admin(`grant ${privilege} on ${object} to ${server}`);
    }
    await serve(serverUrl);
  });

  test("is refused without the advisory locks", async () => {
    const { admin, server, serverUrl } = await migrated();
    await admin("revoke execute on function pg_catalog.pg_try_advisory_xact_lock(bigint) from public");

    await expect(serve(serverUrl)).rejects.toThrow(
      `GRANT EXECUTE ON FUNCTION pg_catalog.pg_try_advisory_xact_lock(bigint) TO ${server};`,
    );
  });

  test("is refused without CONNECT", async () => {
    const { admin, server, serverUrl } = await migrated();
    await admin(`revoke connect on database ${new URL(serverUrl).pathname.slice(1)} from ${server}`);

    await expect(serve(serverUrl)).rejects.toThrow(
      /permission denied for database .*GRANT CONNECT ON DATABASE/,
    );
  });

  test("is refused while row level security hides rows", async () => {
    const { admin, serverUrl } = await migrated();
    await admin("alter table joblib.task enable row level security");

    await expect(serve(serverUrl)).rejects.toThrow("ALTER TABLE joblib.task DISABLE ROW LEVEL SECURITY;");
  });

  test("is refused with pending migrations that it may not apply", async () => {
    const { server, serverUrl } = await createDatabaseWithRoles(inject("postgresUrl"));

    await expect(serve(serverUrl)).rejects.toThrow(`the database role ${server} may not create tables`);
    await expect(serve(serverUrl, { migrate: false })).rejects.toThrow(
      /migration\(s\) pending: .*joblib migrate/,
    );
  });

  test("may use tables that its owner created before the grants", async () => {
    const { admin, server, serverUrl, migratorUrl } = await createDatabaseWithRoles(inject("postgresUrl"));
    await admin(`alter default privileges for role ${new URL(migratorUrl).username} in schema joblib
      revoke all on tables from ${server}`);
    await migrate(await opened(migratorUrl));
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

describe("a right that is revoked while a server runs", () => {
  /** A host with the plugin, and the lines that it logs. */
  const aHost = async (url: string) => {
    const lines: string[] = [];
    const app = Fastify({ logger: { stream: { write: (line: string) => void lines.push(line) } } });
    await app.register(joblib, {
      orm: await opened(url),
      getCurrentUserId: () => "ann",
      getIsAdmin: () => true,
      settings: { sweeper_interval_seconds: 3600 },
    });
    onTestFinished(() => app.close());
    return { app, lines };
  };

  test("answers 503, logs the statement that grants it, and works again once it is granted", async () => {
    const { admin, server, serverUrl } = await migrated();
    const { app, lines } = await aHost(serverUrl);
    const registration = { category: "tests", name: "Job", schema: { type: "object" } };
    await app.inject({ method: "PUT", url: "/v1/joblib/rooms/lab/jobs", payload: registration });
    const submit = () =>
      app.inject({ method: "POST", url: "/v1/joblib/rooms/lab/tasks/private:tests:Job", payload: {} });
    expect((await submit()).statusCode).toBe(202);
    await admin(`revoke usage on sequence joblib.task_number from ${server}`);

    const refused = await submit();

    expect(refused.statusCode).toBe(503);
    expect(refused.json()).toMatchObject({
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

  test("is found by the health operation, which says what kind it is and logs the rest", async () => {
    const { admin, server, serverUrl } = await migrated();
    const { app, lines } = await aHost(serverUrl);
    await app.ready();
    expect((await app.inject("/v1/joblib/health")).json()).toMatchObject({ database: { findings: [] } });
    await admin(`revoke delete on joblib.task_log from ${server}`);

    const { database } = (await app.inject("/v1/joblib/health")).json();

    expect(database).toMatchObject({ state: "up", findings: ["rights"] });
    expect(lines.join("")).toContain(`GRANT DELETE ON TABLE joblib.task_log TO ${server};`);
  });

  test("keeps a host from becoming ready", async () => {
    const { admin, server, serverUrl } = await migrated();
    await admin(`revoke delete on joblib.task_log from ${server}`);
    const { app } = await aHost(serverUrl);

    await expect(app.ready()).rejects.toThrow(`GRANT DELETE ON TABLE joblib.task_log TO ${server};`);
  });

  test("is answered as 503 for a table that is gone, too", async () => {
    const { admin, serverUrl } = await migrated();
    const { app, lines } = await aHost(serverUrl);
    await app.ready();
    await admin("drop schema joblib cascade");

    const answer = await app.inject("/v1/joblib/rooms/lab/jobs");

    expect(answer.statusCode).toBe(503);
    await expect.poll(() => lines.join("")).toContain("joblib migrate");
  });
});
