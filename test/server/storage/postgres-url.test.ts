import { describe, expect, test } from "vitest";
import { SettingsError } from "../../../server/settings/settings-error.ts";
import { postgresOptions } from "../../../server/storage/database/postgres-options.ts";
import { parsePostgresUrl } from "../../../server/storage/database/postgres-url.ts";

const read = (url: string, env: Record<string, string> = {}) => postgresOptions(url, env);

describe("address in a PostgreSQL URL", () => {
  test.each([
    [
      "postgres://ann@db.example/jobs",
      { user: "ann", host: "db.example", port: 5432, dbName: "jobs", password: "" },
    ],
    ["postgresql://ann:pw@db:6432/jobs", { user: "ann", password: "pw", host: "db", port: 6432 }],
    ["postgres://ann:p%40s%2Fs%25%3A%23@db/jobs", { password: "p@s/s%:#" }],
    ["postgres://ann:p@ss:w#rd+1@db/jobs", { user: "ann", password: "p@ss:w#rd+1", host: "db" }],
    ["postgres://a%20b@db/jobs%2Farchive", { user: "a b", dbName: "jobs/archive" }],
    ["postgres://ann@[::1]:5433/jobs", { host: "::1", port: 5433 }],
    ["postgres://ann@[2001:db8::7]/jobs", { host: "2001:db8::7", port: 5432 }],
    ["postgres://ann@db", { dbName: "ann" }],
    ["postgres://ann@db/", { dbName: "ann" }],
    ["postgres://ann@/jobs", { host: "localhost", user: "ann", dbName: "jobs" }],
    ["postgres:///jobs?user=ann", { host: "localhost", user: "ann", dbName: "jobs" }],
    [
      "postgres://ann:pw@/jobs?host=/cloudsql/p:r:i",
      { host: "/cloudsql/p:r:i", user: "ann", password: "pw" },
    ],
    ["postgres://ann@%2Fvar%2Frun%2Fpostgresql:5433/jobs", { host: "/var/run/postgresql", port: 5433 }],
    [
      "postgres://ann:x@db:1/jobs?host=other&port=2&user=bob&password=a+b&dbname=else",
      { host: "other", port: 2, user: "bob", password: "a+b", dbName: "else" },
    ],
  ])("the address in a PostgreSQL URL is read from %s", (url, expected) => {
    expect(read(url)).toMatchObject(expected);
  });
});

test("postgresOptions passes the parameters that pg supports to pg", () => {
  const url =
    "postgres://ann@db/jobs?application_name=joblib%201&fallback_application_name=f&options=-c%20geqo%3Doff" +
    "&connect_timeout=7&keepalives=0&keepalives_idle=9&client_encoding=utf-8&gssencmode=disable&channel_binding=disable";

  expect(read(url).driverOptions).toEqual({
    ...{ application_name: "joblib 1", fallback_application_name: "f", options: "-c geqo=off" },
    ...{ connectionTimeoutMillis: 7000, keepAlive: false, keepAliveInitialDelayMillis: 9000 },
    ...{ ssl: false, sslnegotiation: "postgres" },
  });
});

describe("sslmode", () => {
  const ssl = (query: string, host = "db.example") => {
    const options = read(`postgres://ann@${host}/jobs${query}`).driverOptions.ssl;
    return typeof options === "object" ? options : { plain: true as const };
  };

  test.each([
    "",
    "?sslmode=disable",
    "?host=/tmp&sslmode=verify-full",
  ])("a connection uses plain text for a PostgreSQL URL with the query %j", (query) => {
    expect(ssl(query)).toEqual({ plain: true });
  });

  test.each([
    "?sslmode=require",
    "?ssl=true",
  ])("a connection is encrypted without verification for a PostgreSQL URL with the query %s", (query) => {
    expect(ssl(query)).toMatchObject({ rejectUnauthorized: false });
  });

  test.each([
    "?sslmode=verify-full",
    "?sslmode=verify-full&sslrootcert=system",
    "?sslrootcert=system",
  ])("a connection verifies the certificate and the name of the host for a PostgreSQL URL with the query %s", (query) => {
    const options = ssl(query);
    if ("plain" in options) throw new Error("plain text");
    const certificate = (names: string) => ({ subject: { CN: "x" }, subjectaltname: names }) as never;

    expect(options.rejectUnauthorized).toBe(true);
    expect(options.checkServerIdentity?.("localhost", certificate("DNS:db.example"))).toBeUndefined();
    expect(options.checkServerIdentity?.("db.example", certificate("DNS:other.example"))).toBeInstanceOf(
      Error,
    );
  });
});

describe("environment variables of libpq", () => {
  test("the environment variables of libpq are used if the URL does not have the parameter", () => {
    const env = {
      PGHOST: "envhost",
      PGPORT: "7",
      PGUSER: "u",
      PGPASSWORD: "p",
      PGDATABASE: "d",
      PGAPPNAME: "a",
    };

    expect(read("postgres://", env)).toMatchObject({
      ...{ host: "envhost", port: 7, user: "u", password: "p", dbName: "d" },
      driverOptions: { application_name: "a", ssl: false },
    });
    expect(read("postgres://ann@db:1/jobs", env)).toMatchObject({
      host: "db",
      port: 1,
      user: "ann",
      dbName: "jobs",
    });
  });

  test("the environment variable PGSSLMODE is used unless the URL has sslmode", () => {
    const env = { PGSSLMODE: "require" };

    expect(read("postgres://ann@db/jobs", env).driverOptions.ssl).toMatchObject({
      rejectUnauthorized: false,
    });
    expect(read("postgres://ann@db/jobs?sslmode=disable", env).driverOptions.ssl).toBe(false);
    expect(
      read("postgres://ann@db/jobs?sslmode=disable", { PGSSLROOTCERT: "/ca.pem" }).driverOptions.ssl,
    ).toBe(false);
  });

  test.each([
    [{ PGSSLMODE: "prefer" }, /PGSSLMODE=prefer is not supported.*require/],
    [{ PGSSLROOTCERT: "/ca.pem" }, /PGSSLROOTCERT has no effect without sslmode/],
    [{ PGTARGETSESSIONATTRS: "read-write" }, /variable PGTARGETSESSIONATTRS is not supported/],
    [{ PGCHANNELBINDING: "require" }, /PGCHANNELBINDING=require needs sslmode/],
    [{ PGSERVICE: "prod" }, /variable PGSERVICE is not supported/],
  ])("the environment variables %o of libpq are not supported and are rejected by name", (env, message) => {
    expect(() => read("postgres://ann@db/jobs", env)).toThrow(message);
  });
});

describe("invalid PostgreSQL URL", () => {
  test.each([
    ["?sslmod=require", /parameter sslmod is not supported.*Supported: sslmode, sslrootcert/],
    ["?schema=public", /parameter schema is not supported \(joblib's tables are always/],
    ["?target_session_attrs=read-write", /parameter target_session_attrs is not supported/],
    ["?sslmode=prefer", /sslmode=prefer: is not supported, because it may connect without encryption/],
    ["?sslmode=allow", /sslmode=allow: is not supported/],
    ["?sslmode=no-verify", /sslmode=no-verify: is not a value of libpq; use require/],
    ["?sslmode=Require", /sslmode=Require: must be disable, require, verify-ca, verify-full/],
    ["?sslmode", /parameter sslmode has no value/],
    ["?sslmode=", /parameter sslmode has no value/],
    ["?sslmode=require&sslmode=disable", /parameter sslmode is given twice/],
    ["?ssl=true&sslmode=disable", /ssl and sslmode exclude each other/],
    ["?ssl=no-verify", /ssl=no-verify: must be true/],
    ["?sslrootcert=/ca.pem", /sslrootcert has no effect without sslmode: add sslmode=verify-full/],
    ["?sslmode=disable&sslcert=/c.pem", /sslcert has no effect with sslmode=disable/],
    ["?sslmode=require&sslrootcert=system", /sslrootcert=system needs sslmode=verify-full/],
    ["?sslmode=verify-ca", /sslmode=verify-ca needs sslrootcert/],
    [
      "?sslmode=verify-full&sslrootcert=/none/ca.pem",
      /sslrootcert: the file \/none\/ca.pem cannot be read \(ENOENT/,
    ],
    [`?sslmode=verify-full&sslrootcert=${import.meta.filename}`, /contains no certificate in PEM format/],
    ["?sslmode=require&sslcert=/c.pem", /sslcert: also set the private key of the certificate/],
    ["?sslmode=require&sslkey=/c.pem", /sslkey: also set the certificate of the key/],
    ["?sslnegotiation=direct", /sslnegotiation=direct needs sslmode/],
    ["?sslnegotiation=fast", /sslnegotiation=fast: must be postgres or direct/],
    ["?channel_binding=require", /channel_binding=require needs sslmode/],
    ["?gssencmode=require", /gssencmode=require: must be disable or prefer/],
    ["?client_encoding=latin1", /client_encoding=latin1: must be UTF8/],
    ["?connect_timeout=0", /connect_timeout=0: must be a whole number from 1/],
    ["?host=a,b", /host=a,b: names several hosts/],
    ["?application_name=%E0%A4%A", /value of application_name has a %/],
  ])("an invalid PostgreSQL URL is rejected with one line that names the problem: %s", (query, message) => {
    const url = `postgres://ann:secret@db/jobs${query}`;

    expect(() => read(url)).toThrow(SettingsError);
    expect(() => read(url)).toThrow(message);
    expect(() => read(url)).toThrow(/^PostgreSQL URL: [^\n]+$/);
  });

  test.each([
    ["mysql://host/db", /must be a URL like postgres:/],
    ["host=localhost dbname=x", /must be a URL like postgres:/],
    ["postgres://a:1,b:2/db", /several hosts/],
    ["postgres://ann:se/cret@db/jobs", /percent-encode special characters/],
    ["postgres://ann:se%zzcret@db/jobs", /the password has a % that is not part of a percent-encoding/],
    ["postgres://ann:secret@db:54x2/jobs", /port: must be a whole number.*percent-encode/],
  ])("an invalid PostgreSQL URL is rejected without showing its password: %s", (url, message) => {
    expect(() => parsePostgresUrl(url)).toThrow(message);
    expect(() => parsePostgresUrl(url)).toThrow(/^((?!cret|54x2).)*$/);
  });
});
