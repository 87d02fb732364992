import { connect, createServer as createTcp, type Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import type { Probe } from "../../cli/doctor/check-result.ts";
import { checkEncryption } from "../../cli/doctor/connection-check.ts";
import { checkBus, checkDatabase, measureClockSkew } from "../../cli/doctor/server-check.ts";
import { readExpiry } from "../../cli/doctor/token-check.ts";
import { nodeHttpFetch } from "../../cli/node-http-fetch.ts";
import type { Health } from "../../protocol/index.ts";
import { JoblibClient } from "../../sdk/client.ts";
import { createServer, createToken, parseSettings, type TokenClaims } from "../../server/index.ts";
import { createDatabase } from "../support/postgres.ts";
import { runCli } from "./run-cli.ts";

const SECRET = "a secret of at least thirty-two characters";

let app: FastifyInstance;
let url = "";
let databaseUrl = "";
beforeAll(async () => {
  databaseUrl = await createDatabase(inject("postgresUrl"));
  const settings = parseSettings(
    {},
    { databaseUrl, redisUrl: inject("redisUrl"), jwtSecret: SECRET, logLevel: "silent" },
  );
  app = await createServer({ settings });
  url = await app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => app.close());

interface Told {
  readonly ok: boolean;
  readonly findings: readonly {
    readonly check: string;
    readonly status: string;
    readonly detail: string;
    readonly advice?: string;
  }[];
}

const examine = async (
  claims: TokenClaims | undefined,
  own: { at?: string; argv?: string[]; env?: Record<string, string> } = {},
) => {
  const token: Record<string, string> =
    claims === undefined ? {} : { JOBLIB_TOKEN: await createToken(SECRET, claims) };
  const argv = ["doctor", "--json", "--url", own.at ?? url, ...(own.argv ?? [])];
  const { exitCode, stdout } = await runCli(argv, { env: { ...token, ...own.env } });
  const told: Told = JSON.parse(stdout);
  const of = (check: string) => told.findings.find((finding) => finding.check === check);
  return {
    exitCode,
    of,
    ok: told.ok,
    statuses: Object.fromEntries(told.findings.map(({ check, status }) => [check, status])),
  };
};
const HEALTH: Health = {
  version: "0.1.0",
  time: "2026-01-01T00:00:00.000Z",
  database: { state: "up", milliseconds: 1, pending_migrations: [] },
  bus: { state: "up", kind: "in-process" },
  sweeper: { state: "up", last_sweep: null, interval_seconds: 30 },
  long_poll_max_wait_seconds: 60,
};
const ANN: TokenClaims = { sub: "ann", rooms: ["lab"], expiresInSeconds: 86_400 };

describe("a healthy server", () => {
  test("passes every check within seconds", async () => {
    const { exitCode, ok, statuses, of } = await examine(ANN, { argv: ["--room", "lab"] });

    expect({ exitCode, ok }).toEqual({ exitCode: 0, ok: true });
    expect(statuses).toEqual({
      ...{
        server: "ok",
        encryption: "ok",
        version: "ok",
        clock: "ok",
        token: "ok",
        room: "ok",
        database: "ok",
        bus: "ok",
      },
      ...{ "long poll": "ok", "event stream": "ok" },
    });
    expect(of("token")?.detail).toMatch(/^ann; room lab; expires in (23h|1d)$/);
    expect(of("database")?.detail).toMatch(
      /^postgresql: round trip [\d.]+ ms, local connection, no pending migrations$/,
    );
    expect(of("bus")?.detail).toBe("redis, local connection");
    for (const check of ["long poll", "event stream"]) {
      expect(of(check)?.detail).toMatch(/^stayed open for 1(\.\d)? s$/);
    }
  });

  test("has no worker left over from the check", async () => {
    await examine(ANN);
    const authorization = `Bearer ${await createToken(SECRET, ANN)}`;

    expect((await app.inject({ url: "/v1/joblib/workers", headers: { authorization } })).json().total).toBe(
      0,
    );
  });

  test("has its database checked from here, too, if its URL is given", async () => {
    const empty = await createDatabase(inject("postgresUrl"));
    const { exitCode, of } = await examine(ANN, { env: { JOBLIB_DATABASE_URL: empty } });

    expect(exitCode).toBe(1);
    expect(of("own database")).toMatchObject({
      status: "failed",
      detail: expect.stringContaining("pending migrations: joblib-"),
      advice: "run `joblib migrate`",
    });
    expect((await examine(ANN, { argv: ["--database-url", databaseUrl] })).of("own database")).toMatchObject({
      ...{ status: "ok", detail: "reached from here, local connection, no pending migrations" },
    });
  });
});

describe("a token", () => {
  test.each<[string, TokenClaims | undefined, string[], string, RegExp]>([
    ["that is missing", undefined, [], "token failed", /missing: the server requires one/],
    ["that expired", { ...ANN, expiresInSeconds: -7200 }, [], "token failed", /expired 2h ago/],
    ["that expires soon", { ...ANN, expiresInSeconds: 600 }, [], "token warning", /expires in (9|10)m/],
    ["that does not open the room", ANN, ["--room", "office"], "room failed", /office: no access/],
    ["for certain jobs", { ...ANN, jobs: ["chem:Mine"] }, [], "token ok", /may register only chem:Mine/],
    ["of an admin", { sub: "root", admin: true }, ["--room", "lab"], "room ok", /lab: read and write/],
  ])("%s", async (_, claims, argv, outcome, detail) => {
    const [check = "", status] = outcome.split(" ");
    const found = await examine(claims, { argv });

    expect(found.of(check)).toMatchObject({ status, detail: expect.stringMatching(detail) });
    expect(found.exitCode).toBe(status === "failed" ? 1 : 0);
  });

  test("that another server signed is reported as rejected, not as expired", async () => {
    const JOBLIB_TOKEN = await createToken("another secret of thirty-two characters", ANN);
    const { of } = await examine(undefined, { env: { JOBLIB_TOKEN } });

    expect(of("token")).toMatchObject({ status: "failed", detail: "rejected by the server" });
  });

  test("contains its expiry, and garbage contains none", async () => {
    expect(readExpiry(await createToken(SECRET, { sub: "a", expiresAt: new Date(5000) }))).toBe(5000);
    expect(readExpiry("garbage")).toBeUndefined();
    expect(readExpiry("a.b.c")).toBeUndefined();
  });
});

/** Starts a proxy in front of the server that closes connections that were idle that long. */
const impatientProxy = async (milliseconds: number) => {
  const sockets = new Set<Socket>();
  const proxy = createTcp((client) => {
    const upstream = connect(Number(new URL(url).port), "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.setTimeout(milliseconds, () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const address = proxy.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
};

test("a proxy that closes idle connections is found, with advice", async () => {
  const { exitCode, of } = await examine(ANN, { at: await impatientProxy(400) });

  expect(exitCode).toBe(1);
  expect(of("server")?.status).toBe("ok");
  for (const check of ["long poll", "event stream"]) {
    expect(of(check)).toMatchObject({
      status: "failed",
      detail: expect.stringMatching(/^closed after 0\.\d s: /),
      advice: expect.stringContaining("proxy_read_timeout"),
    });
  }
});

test("--proxy keeps the requests open for as long as it is told", async () => {
  const { of } = await examine(ANN, { argv: ["--proxy", "2"] });

  for (const check of ["long poll", "event stream"]) {
    expect(of(check)).toMatchObject({
      status: "ok",
      detail: expect.stringMatching(/^stayed open for 2(\.\d)? s$/),
    });
  }
});

describe("encryption of requests", () => {
  const probe = (url: string, token?: string): Probe => ({
    ...{ client: new JoblibClient({ url, token: token ?? "" }), fetch: nodeHttpFetch, token },
    ...{ room: undefined, version: "0.1.0", signal: new AbortController().signal },
  });

  test.each([
    ["https://jobs.example.org/api", "ok"],
    ["http://127.0.0.1:7800", "ok"],
    ["http://[::1]:7800", "ok"],
    ["http://localhost:7800", "ok"],
  ])("%s is %s", (at, status) => {
    expect(checkEncryption(probe(at, "t"))).toMatchObject({ status });
  });

  test("a token to another machine over plain HTTP is a warning", () => {
    expect(checkEncryption(probe("http://jobs.example.org:7800", "t"))).toMatchObject({
      status: "warning",
      detail: "the token, payloads and results travel unencrypted to jobs.example.org",
      advice: expect.stringContaining("https://"),
    });
  });
});

test.each([
  ["tls", "ok", /, encrypted \(TLS, certificate verified\), no/],
  ["tls-unverified", "ok", /, encrypted \(TLS, certificate not verified\), no/],
  ["plain", "warning", /, not encrypted, no/],
  ["local", "ok", /, local connection, no/],
  [null, "ok", /^round trip 1 ms, no/],
] as const)("a database connection that is %s is %s", (connection, status, detail) => {
  const database: Health["database"] = { state: "up", milliseconds: 1, pending_migrations: [], connection };

  expect(checkDatabase({ ...HEALTH, database }, undefined)).toMatchObject({
    ...{ status, detail: expect.stringMatching(detail) },
  });
});

test.each([
  ["tls", "ok", "redis, encrypted (TLS, certificate verified)"],
  ["plain", "warning", "redis, not encrypted"],
  [undefined, "ok", "redis"],
] as const)("a Redis connection that is %s is %s", (connection, status, detail) => {
  const bus = { state: "up", kind: "redis", connection } as const;

  expect(checkBus({ ...HEALTH, bus })).toMatchObject({ status, detail });
});

test("a server that does not answer is reported, and nothing else is checked", async () => {
  const { of, exitCode } = await examine(undefined, { at: "http://127.0.0.1:1" });

  expect(exitCode).toBe(1);
  expect(of("server")).toMatchObject({ status: "failed", advice: expect.stringContaining("joblib serve") });
});

test.each([
  [
    "the time in the health of the server",
    { time: "2026-01-01T00:00:00.000Z", milliseconds: 20 },
    undefined,
    10_010,
    10_000,
  ],
  [
    "the Date header of an older server",
    undefined,
    { milliseconds: 0, date: "Thu, 01 Jan 2026 00:00:00 GMT" },
    -30_000,
    -30_500,
  ],
])("the clock is compared with %s", (_, health, heard, offset, skew) => {
  const now = Date.parse("2026-01-01T00:00:00.000Z") + offset;

  expect(measureClockSkew(health, heard, now)?.skew).toBe(skew);
});

test("without a time from the server, no clock skew is measured", () => {
  expect(measureClockSkew(undefined, { milliseconds: 1, date: undefined }, 0)).toBeUndefined();
});
