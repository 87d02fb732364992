import { readFileSync } from "node:fs";
import { MikroORM, type Options } from "@mikro-orm/postgresql";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { SettingsError } from "../../../server/settings/settings-error.ts";
import { openDatabase } from "../../../server/storage/database/database.ts";
import { postgresOptions } from "../../../server/storage/database/postgres-options.ts";
import { entities } from "../../../server/storage/entities.ts";
import { migrate, pendingMigrations } from "../../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import type { Orm, Sql } from "../../../server/storage/sessions/orm.ts";
import { getOrmSecurity, openSessionPool } from "../../../server/storage/sessions/orm-connection.ts";
import { createSql } from "../../../server/storage/sessions/sessions.ts";
import { type Certificate, type CertificateAuthority, createAuthority } from "../../support/certificates.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";

let authority: CertificateAuthority;
let otherAuthority: CertificateAuthority;
let client: Certificate;
let lockedClient: Certificate;
let postgres: PostgresServer;
beforeAll(async () => {
  authority = createAuthority();
  otherAuthority = createAuthority("another CA");
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
      "hostssl all plain all password",
      "hostssl all postgres all trust",
    ],
  });
  await postgres.query("create role certified login");
  await postgres.query("create role scrammed login password 'p@ss/w%rd'");
  await postgres.query("create role plain login password 'secret'");
});
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
  authority?.[Symbol.dispose]();
  otherAuthority?.[Symbol.dispose]();
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

/** For the sessions of both pools, returns whether PostgreSQL reports them as encrypted. */
const readEncryption = async (orm: Orm) => {
  const pool = openSessionPool(orm);
  if (pool === undefined) throw new Error("the ORM has no session pool");
  onTestFinished(() => pool.end());
  const db = createSql(pool, "default");
  // Each pool is used twice, because pg hides the private key from code that copies the connection
  // options later.
  return [await isEncrypted(orm), await isEncrypted(db), await isEncrypted(orm), await isEncrypted(db)];
};

const ENCRYPTED = [true, true, true, true];

const getError = async (path: string): Promise<string> => {
  const orm = await open(path);
  const error: unknown = await migrate(orm).then(
    () => "connected",
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : "";
  return `${error.name}: ${error.message}: ${cause}`;
};

describe("server that accepts encrypted connections only", () => {
  test.each([
    ["require", () => "sslmode=require"],
    ["JDBC's ssl=true", () => "ssl=true"],
    ["require with the certificate authority", () => `sslmode=require&sslrootcert=${authority.file}`],
    ["verify-ca", () => `sslmode=verify-ca&sslrootcert=${authority.file}`],
    ["verify-full", () => `sslmode=verify-full&sslrootcert=${authority.file}`],
    ["TLS 1.3", () => "sslmode=require&ssl_min_protocol_version=TLSv1.3"],
  ])("a PostgreSQL server that requires encryption accepts both pools with %s, by name and by address", async (_, query) => {
    expect(await readEncryption(await open(`postgres@localhost:PORT/postgres?${query()}`))).toEqual(
      ENCRYPTED,
    );
    expect(await readEncryption(await open(`postgres@127.0.0.1:PORT/postgres?${query()}`))).toEqual(
      ENCRYPTED,
    );
  });

  test("a PostgreSQL server that requires encryption accepts a password with special characters", async () => {
    const url = `scrammed:p%40ss%2Fw%25rd@localhost:PORT/postgres?sslmode=require`;

    expect(await readEncryption(await open(url))).toEqual(ENCRYPTED);
  });

  test("a PostgreSQL server that requires encryption accepts a client certificate, also with an encrypted key", async () => {
    const toParameters = ({ certificate, key }: Certificate) =>
      `sslmode=require&sslcert=${certificate}&sslkey=${key}`;
    const url = "certified@localhost:PORT/postgres?";

    expect(await readEncryption(await open(`${url}${toParameters(client)}`))).toEqual(ENCRYPTED);
    expect(
      await readEncryption(await open(`${url}${toParameters(lockedClient)}&sslpassword=open%20sesame`)),
    ).toEqual(ENCRYPTED);
  });

  test("a PostgreSQL server that requires encryption accepts connections with channel binding", async () => {
    const url = "scrammed:p%40ss%2Fw%25rd@localhost:PORT/postgres?sslmode=require&channel_binding=";

    expect(await readEncryption(await open(`${url}require`))).toEqual(ENCRYPTED);
    expect(await readEncryption(await open(`${url}prefer`))).toEqual(ENCRYPTED);
  });

  test("the client sends no password if channel binding is required and the PostgreSQL server does not offer it", async () => {
    const refused = /StorageUnavailable.*no channel binding, which channel_binding=require requires/;
    const query = "localhost:PORT/postgres?sslmode=require&channel_binding=require";

    expect(await getError(`plain:secret@${query}`)).toMatch(refused);
    expect(await getError(`postgres@${query}`)).toMatch(refused);
  });

  test("a PostgreSQL server that requires encryption accepts connections without TLS through its Unix socket", async () => {
    const directory = encodeURIComponent(postgres.socketDirectory);
    const unencrypted = [false, false, false, false];

    expect(await readEncryption(await open(`postgres@${directory}:PORT/postgres`))).toEqual(unencrypted);
    expect(
      await readEncryption(await open(`postgres@/postgres?host=${directory}&port=PORT&sslmode=verify-full`)),
    ).toEqual(unencrypted);
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
      /not trusted \(.*\): set its certificate authority with sslrootcert/,
    ],
    [
      "with another certificate authority",
      () => `?sslmode=require&sslrootcert=${otherAuthority.file}`,
      /the certificate of the server is not trusted/,
    ],
  ])("a PostgreSQL server that requires encryption rejects a connection %s, and the error contains advice", async (_, query, message) => {
    const error = await getError(`postgres@localhost:PORT/postgres${query()}`);

    expect(error).toMatch(/^StorageUnavailable: the database refused the connection: /);
    expect(error).toMatch(message);
  });

  test("a PostgreSQL server rejects a connection without the required client certificate, and the error contains advice", async () => {
    expect(await getError("certified@localhost:PORT/postgres?sslmode=require")).toMatch(
      /StorageUnavailable.*certificate.*sslcert and sslkey/,
    );
  });
});

describe("host's MikroORM", () => {
  const openHostOrm = async (options: Options) => {
    const orm = await MikroORM.init({ entities: [...entities], ...options });
    onTestFinished(() => orm.close());
    return orm;
  };
  const certifiedUrl = () => `postgres://certified@localhost:${postgres.port}/postgres`;

  test("a host's MikroORM encrypts both pools with ...postgresOptions(url)", async () => {
    const url = `${certifiedUrl()}?sslmode=verify-full&sslrootcert=${authority.file}`;
    const orm = await openHostOrm(
      postgresOptions(`${url}&sslcert=${client.certificate}&sslkey=${client.key}`),
    );

    expect(await readEncryption(orm)).toEqual(ENCRYPTED);
    expect(getOrmSecurity(orm)).toBe("tls");
  });

  test("a host's MikroORM encrypts both pools with driverOptions.ssl and a client certificate", async () => {
    const [ca, cert, key] = [authority.file, client.certificate, client.key].map((file) =>
      readFileSync(file),
    );
    const orm = await openHostOrm({ clientUrl: certifiedUrl(), driverOptions: { ssl: { ca, cert, key } } });

    expect(await readEncryption(orm)).toEqual(ENCRYPTED);
  });

  test.each([
    "sslmode=require",
    "ssl=true",
    "sslmode=verify-full",
    "sslrootcert=/ca.pem",
    "channel_binding=require",
  ])("a host's MikroORM is rejected if its clientUrl has %s, which MikroORM ignores", async (query) => {
    const orm = await openHostOrm({
      clientUrl: `postgres://postgres@localhost:${postgres.port}/postgres?${query}`,
    });
    const refused = new RegExp(`the clientUrl of the MikroORM has the parameter ${query.split("=")[0]}`);

    expect(() => createStorage(orm)).toThrow(refused);
    await expect(migrate(orm)).rejects.toThrow(refused);
    await expect(pendingMigrations(orm)).rejects.toThrow(SettingsError);
  });

  test("a host's MikroORM is rejected if it verifies less than its clientUrl requires", async () => {
    const clientUrl = `postgres://postgres@localhost:${postgres.port}/postgres?sslmode=`;
    const driverOptions = { ssl: { rejectUnauthorized: false } };
    const tooWeak = await openHostOrm({ clientUrl: `${clientUrl}verify-full`, driverOptions });
    const sufficient = await openHostOrm({ clientUrl: `${clientUrl}require`, driverOptions });

    expect(() => createStorage(tooWeak)).toThrow(/do not check the server's certificate/);
    expect(getOrmSecurity(sufficient)).toBe("tls-unverified");
    expect(await readEncryption(sufficient)).toEqual(ENCRYPTED);
  });

  test("a host's MikroORM encrypts both pools if PGSSLMODE is set, although MikroORM ignores `sslmode` in the clientUrl", async () => {
    vi.stubEnv("PGSSLMODE", "no-verify");
    onTestFinished(() => void vi.unstubAllEnvs());
    const orm = await openHostOrm({
      clientUrl: `postgres://postgres@localhost:${postgres.port}/postgres?sslmode=require`,
    });

    expect(await readEncryption(orm)).toEqual(ENCRYPTED);
  });
});

describe("certificate of a server", () => {
  const startNamedServer = async (alternativeNames: string[], days = 2) => {
    const server = authority.issue({ commonName: "other", alternativeNames, days });
    const started = await startPostgres({
      settings: { ssl: "on", ssl_cert_file: server.certificate, ssl_key_file: server.key },
    });
    onTestFinished(() => started[Symbol.asyncDispose]());
    return (host: string, mode = "verify-full") =>
      getError(`postgres@${host}:${started.port}/postgres?sslmode=${mode}&sslrootcert=${authority.file}`);
  };

  test("the certificate of a PostgreSQL server must contain the host of the URL, as a name or as an address", async () => {
    const connect = await startNamedServer(["DNS:localhost"]);

    expect(await connect("localhost")).toBe("connected");
    expect(await connect("127.0.0.1")).toMatch(/StorageUnavailable.*is for another name: .*127\.0\.0\.1/);
    expect(await connect("127.0.0.1", "verify-ca")).toBe("connected");
  });

  test("the certificate of a PostgreSQL server must not be expired", async () => {
    const connect = await startNamedServer(["DNS:localhost"], -1);

    expect(await connect("localhost")).toMatch(
      /StorageUnavailable.*the certificate of the server has expired.* \(certificate has expired\)/,
    );
    expect(await connect("localhost", "require")).toMatch(/the certificate of the server has expired/);
  });
});

test("a connection with sslmode=require to a server without TLS fails with advice, instead of using plain text", async () => {
  const plain = await startPostgres();
  onTestFinished(() => plain[Symbol.asyncDispose]());
  const url = `postgres@127.0.0.1:${plain.port}/postgres`;

  expect(await getError(`${url}?sslmode=require`)).toMatch(
    /StorageUnavailable.*does not offer TLS.*sslmode=disable/,
  );
  expect(await getError(url)).toBe("connected");
});
