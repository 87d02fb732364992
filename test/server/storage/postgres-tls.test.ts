import { readFileSync } from "node:fs";
import { MikroORM, type Options } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { SettingsError } from "../../../server/settings-error.ts";
import { openDatabase } from "../../../server/storage/database.ts";
import { entities } from "../../../server/storage/entities/entities.ts";
import { migrate, pendingMigrations } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { getOrmSecurity } from "../../../server/storage/orm-connection.ts";
import { openSessionPool } from "../../../server/storage/pool-options.ts";
import { postgresOptions } from "../../../server/storage/postgres-options.ts";
import { createDefaultSql } from "../../../server/storage/session-sql.ts";
import type { Orm, Sql } from "../../../server/storage/sessions.ts";
import { type Certificate, type CertificateAuthority, createAuthority } from "../../support/certificates.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";

let authority: CertificateAuthority;
let stranger: CertificateAuthority;
let client: Certificate;
let lockedClient: Certificate;
let postgres: PostgresServer;
beforeAll(async () => {
  authority = createAuthority();
  stranger = createAuthority("another CA");
  client = authority.issue({ commonName: "certified" });
  lockedClient = authority.issue({ commonName: "certified", passphrase: "open sesame" });
  const server = authority.issue({
    commonName: "db.example",
    alternativeNames: ["DNS:localhost", "DNS:db.example", "IP:127.0.0.1"],
  });
  postgres = await startPostgres({
    settings: {
      ssl: "on",
      ssl_cert_file: server.certificate,
      ssl_key_file: server.key,
      ssl_ca_file: authority.file,
    },
    hba: [
      "local all all trust",
      "hostssl all certified all cert",
      "hostssl all scrammed all scram-sha-256",
      "hostssl all spoken all password",
      "hostssl all postgres all trust",
    ],
  });
  await postgres.query("create role certified login");
  await postgres.query("create role scrammed login password 'p@ss/w%rd'");
  await postgres.query("create role spoken login password 'secret'");
});
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
  authority?.[Symbol.dispose]();
  stranger?.[Symbol.dispose]();
});

const open = async (path: string) => {
  const orm = await openDatabase({ url: `postgres://${path.replace("PORT", String(postgres.port))}` });
  onTestFinished(() => orm.close());
  return orm;
};

const isEncrypted = async (db: Sql | Orm): Promise<boolean | undefined> => {
  const query = sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
  const { rows } = await query.execute("em" in db ? db.em.fork().getKysely() : db);
  return rows[0]?.ssl;
};

/** Returns whether the sessions of both pools are encrypted, as PostgreSQL reports it. */
const encryption = async (orm: Orm) => {
  const pool = openSessionPool(orm);
  if (pool === undefined) throw new Error("the ORM has no session pool");
  onTestFinished(() => pool.end());
  const db = createDefaultSql(pool);
  // Twice in turn, because pg hides the private key from code that copies its options later.
  return [await isEncrypted(orm), await isEncrypted(db), await isEncrypted(orm), await isEncrypted(db)];
};

const BOTH = [true, true, true, true];

const reason = async (path: string): Promise<string> => {
  const orm = await open(path);
  const error: unknown = await migrate(orm).then(
    () => "connected",
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : "";
  return `${error.name}: ${error.message}: ${cause}`;
};

describe("a server that accepts encrypted connections only", () => {
  test.each([
    ["require", () => "sslmode=require"],
    ["JDBC's ssl=true", () => "ssl=true"],
    ["require with the certificate authority", () => `sslmode=require&sslrootcert=${authority.file}`],
    ["verify-ca", () => `sslmode=verify-ca&sslrootcert=${authority.file}`],
    ["verify-full", () => `sslmode=verify-full&sslrootcert=${authority.file}`],
    ["TLS 1.3", () => "sslmode=require&ssl_min_protocol_version=TLSv1.3"],
  ])("is reached by both pools with %s, by name and by address", async (_, query) => {
    expect(await encryption(await open(`postgres@localhost:PORT/postgres?${query()}`))).toEqual(BOTH);
    expect(await encryption(await open(`postgres@127.0.0.1:PORT/postgres?${query()}`))).toEqual(BOTH);
  });

  test("is reached with a password that has special characters", async () => {
    const url = `scrammed:p%40ss%2Fw%25rd@localhost:PORT/postgres?sslmode=require`;

    expect(await encryption(await open(url))).toEqual(BOTH);
  });

  test("is reached with a client certificate, and with one whose key is encrypted", async () => {
    const files = (one: Certificate) => `sslmode=require&sslcert=${one.certificate}&sslkey=${one.key}`;
    const url = "certified@localhost:PORT/postgres?";

    expect(await encryption(await open(`${url}${files(client)}`))).toEqual(BOTH);
    expect(await encryption(await open(`${url}${files(lockedClient)}&sslpassword=open%20sesame`))).toEqual(
      BOTH,
    );
  });

  test("is reached with channel binding, if the server offers it", async () => {
    const url = "scrammed:p%40ss%2Fw%25rd@localhost:PORT/postgres?sslmode=require&channel_binding=";

    expect(await encryption(await open(`${url}require`))).toEqual(BOTH);
    expect(await encryption(await open(`${url}prefer`))).toEqual(BOTH);
  });

  test("is not told a password if it offers no channel binding, which was required", async () => {
    const refused = /StorageUnavailable.*no channel binding, which channel_binding=require asks for/;
    const query = "localhost:PORT/postgres?sslmode=require&channel_binding=require";

    expect(await reason(`spoken:secret@${query}`)).toMatch(refused);
    expect(await reason(`postgres@${query}`)).toMatch(refused);
  });

  test("is reached through its Unix socket, which has no TLS", async () => {
    const directory = encodeURIComponent(postgres.socketDirectory);
    const none = [false, false, false, false];

    expect(await encryption(await open(`postgres@${directory}:PORT/postgres`))).toEqual(none);
    expect(
      await encryption(await open(`postgres@/postgres?host=${directory}&port=PORT&sslmode=verify-full`)),
    ).toEqual(none);
  });

  test.each([
    [
      "without sslmode",
      () => "",
      /no encryption: the server may accept encrypted connections only; add sslmode/,
    ],
    [
      "with verify-full and no authority",
      () => "?sslmode=verify-full",
      /not trusted \(.*\): name its .* sslrootcert/,
    ],
    [
      "with another certificate authority",
      () => `?sslmode=require&sslrootcert=${stranger.file}`,
      /the certificate of the server is not trusted/,
    ],
  ])("says what to do if it is asked %s", async (_, query, message) => {
    const said = await reason(`postgres@localhost:PORT/postgres${query()}`);

    expect(said).toMatch(/^StorageUnavailable: the database refused the connection: /);
    expect(said).toMatch(message);
  });

  test("says what to do if it wants a client certificate", async () => {
    expect(await reason("certified@localhost:PORT/postgres?sslmode=require")).toMatch(
      /StorageUnavailable.*certificate.*sslcert and sslkey/,
    );
  });
});

describe("an embedding app's MikroORM", () => {
  const host = async (options: Options) => {
    const orm = await MikroORM.init({ entities: [...entities], ...options });
    onTestFinished(() => orm.close());
    return orm;
  };
  const certifiedUrl = () => `postgres://certified@localhost:${postgres.port}/postgres`;

  test("has both pools encrypted with ...postgresOptions(url)", async () => {
    const url = `${certifiedUrl()}?sslmode=verify-full&sslrootcert=${authority.file}`;
    const orm = await host(postgresOptions(`${url}&sslcert=${client.certificate}&sslkey=${client.key}`));

    expect(await encryption(orm)).toEqual(BOTH);
    expect(getOrmSecurity(orm)).toBe("tls");
  });

  test("has both pools encrypted with driverOptions.ssl and a client certificate", async () => {
    const [ca, cert, key] = [authority.file, client.certificate, client.key].map((file) =>
      readFileSync(file),
    );
    const orm = await host({ clientUrl: certifiedUrl(), driverOptions: { ssl: { ca, cert, key } } });

    expect(await encryption(orm)).toEqual(BOTH);
  });

  test.each([
    "sslmode=require",
    "ssl=true",
    "sslmode=verify-full",
    "sslrootcert=/ca.pem",
    "channel_binding=require",
  ])("is refused if its clientUrl has %s, which MikroORM ignores", async (query) => {
    const orm = await host({ clientUrl: `postgres://postgres@localhost:${postgres.port}/postgres?${query}` });
    const refused = new RegExp(`the clientUrl of the MikroORM has the parameter ${query.split("=")[0]}`);

    expect(() => createStorage(orm)).toThrow(refused);
    await expect(migrate(orm)).rejects.toThrow(refused);
    await expect(pendingMigrations(orm)).rejects.toThrow(SettingsError);
  });

  test("is refused if it verifies less than its clientUrl asks for", async () => {
    const clientUrl = `postgres://postgres@localhost:${postgres.port}/postgres?sslmode=`;
    const driverOptions = { ssl: { rejectUnauthorized: false } };
    const weak = await host({ clientUrl: `${clientUrl}verify-full`, driverOptions });
    const asked = await host({ clientUrl: `${clientUrl}require`, driverOptions });

    expect(() => createStorage(weak)).toThrow(/do not check the server's certificate/);
    expect(getOrmSecurity(asked)).toBe("tls-unverified");
    expect(await encryption(asked)).toEqual(BOTH);
  });

  test("is encrypted in both pools if only PGSSLMODE asks for it", async () => {
    vi.stubEnv("PGSSLMODE", "no-verify");
    onTestFinished(() => void vi.unstubAllEnvs());
    const orm = await host({
      clientUrl: `postgres://postgres@localhost:${postgres.port}/postgres?sslmode=require`,
    });

    expect(await encryption(orm)).toEqual(BOTH);
  });
});

describe("the name in the certificate", () => {
  const namedServer = async (alternativeNames: string[], days = 2) => {
    const server = authority.issue({ commonName: "nobody", alternativeNames, days });
    const started = await startPostgres({
      settings: { ssl: "on", ssl_cert_file: server.certificate, ssl_key_file: server.key },
    });
    onTestFinished(() => started[Symbol.asyncDispose]());
    return (host: string, mode = "verify-full") =>
      reason(`postgres@${host}:${started.port}/postgres?sslmode=${mode}&sslrootcert=${authority.file}`);
  };

  test("must be the host's, and an address is no name", async () => {
    const ask = await namedServer(["DNS:localhost"]);

    expect(await ask("localhost")).toBe("connected");
    expect(await ask("127.0.0.1")).toMatch(/StorageUnavailable.*is for another name: .*127\.0\.0\.1/);
    expect(await ask("127.0.0.1", "verify-ca")).toBe("connected");
  });

  test("must be valid now", async () => {
    const ask = await namedServer(["DNS:localhost"], -1);

    expect(await ask("localhost")).toMatch(/StorageUnavailable.*not valid now \(certificate has expired\)/);
    expect(await ask("localhost", "require")).toMatch(/not valid now/);
  });
});

test("a server without TLS is told as such, and nothing is sent to it in plain text", async () => {
  const plain = await startPostgres();
  onTestFinished(() => plain[Symbol.asyncDispose]());
  const url = `postgres@127.0.0.1:${plain.port}/postgres`;

  expect(await reason(`${url}?sslmode=require`)).toMatch(
    /StorageUnavailable.*does not offer TLS.*sslmode=disable/,
  );
  expect(await reason(url)).toBe("connected");
});
