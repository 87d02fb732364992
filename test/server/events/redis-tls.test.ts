import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { createServer, parseSettings } from "../../../server/index.ts";
import { type Certificate, type CertificateAuthority, createAuthority } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { createDatabase } from "../../support/postgres.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";

let authority: CertificateAuthority;
let client: Certificate;
let redis: RedisServer;
beforeAll(async () => {
  authority = createAuthority();
  client = authority.issue({ commonName: "joblib" });
  const server = authority.issue({ commonName: "cache", alternativeNames: ["DNS:localhost"] });
  redis = await startRedis({ tls: { ...server, authority: authority.file } });
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  authority?.[Symbol.dispose]();
});

const serve = async (redis_url: string) => {
  const database_url = await createDatabase(inject("postgresUrl"));
  const settings = parseSettings({}, { database_url, log_level: "silent", redis_url });
  const app = await createServer({ settings });
  onTestFinished(() => app.close());
  await app.ready();
  return async () => (await app.inject("/v1/joblib/health")).json().bus;
};

const url = (host: string, parameters = "") =>
  `rediss://${host}:${redis.port}?ssl_ca_certs=${authority.file}&ssl_certfile=${client.certificate}&ssl_keyfile=${client.key}${parameters}`;

test("the event bus connects to Redis over TLS with a client certificate", async () => {
  const bus = await serve(url("localhost"));

  const up = await eventually(bus, ({ state }) => state === "up");

  expect(up).toEqual({ state: "up", kind: "redis", connection: "tls" });
});

test("a Redis certificate for another name is rejected unless ssl_cert_reqs is none", async () => {
  const bus = await serve(url("127.0.0.1"));
  const unchecked = await serve(url("127.0.0.1", "&ssl_cert_reqs=none"));

  expect(await eventually(unchecked, ({ state }) => state === "up")).toMatchObject({
    connection: "tls-unverified",
  });
  expect(await bus()).toMatchObject({ state: "down" });
});
