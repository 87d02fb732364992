import { connect, createServer as createTcp, type Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import type { CheckContext } from "../../../cli/doctor/check-result.ts";
import {
  checkBus,
  checkDatabase,
  checkEncryption,
  measureClockSkew,
} from "../../../cli/doctor/server-check.ts";
import { readExpiry } from "../../../cli/doctor/token-check.ts";
import type { Health } from "../../../protocol/index.ts";
import { JoblibClient } from "../../../sdk/http/client.ts";
import { createServer, createToken, parseSettings, type TokenClaims } from "../../../server/index.ts";
import { createDatabase } from "../../support/postgres.ts";
import { runCli } from "../run-cli.ts";

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

interface DoctorReport {
  readonly ok: boolean;
  readonly findings: readonly {
    readonly check: string;
    readonly status: string;
    readonly detail: string;
    readonly advice?: string;
  }[];
}

const runDoctor = async (
  claims: TokenClaims | undefined,
  options: { serverUrl?: string; argv?: string[]; env?: Record<string, string> } = {},
) => {
  const token: Record<string, string> =
    claims === undefined ? {} : { JOBLIB_TOKEN: await createToken(SECRET, claims) };
  const argv = ["doctor", "--json", "--url", options.serverUrl ?? url, ...(options.argv ?? [])];
  const { exitCode, stdout } = await runCli(argv, { env: { ...token, ...options.env } });
  const report: DoctorReport = JSON.parse(stdout);
  const find = (check: string) => report.findings.find((result) => result.check === check);
  return {
    exitCode,
    find,
    ok: report.ok,
    statuses: Object.fromEntries(report.findings.map(({ check, status }) => [check, status])),
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

describe("healthy server", () => {
  test("`joblib doctor` on a healthy server passes every check", async () => {
    const { exitCode, ok, statuses, find } = await runDoctor(ANN, { argv: ["--room", "lab"] });

    expect({ exitCode, ok }).toEqual({ exitCode: 0, ok: true });
    expect(statuses).toEqual({
      ...{ server: "ok", encryption: "ok", version: "ok", clock: "ok", token: "ok", room: "ok" },
      ...{ database: "ok", "event bus": "ok", "long poll": "ok", "event stream": "ok" },
    });
    expect(find("token")?.detail).toMatch(/^user ann; room lab; expires in (23h|1d)$/);
    expect(find("database")?.detail).toMatch(
      /^postgresql: round trip [\d.]+ ms, local connection, no pending migrations$/,
    );
    expect(find("event bus")?.detail).toBe("redis, local connection");
    for (const check of ["long poll", "event stream"]) {
      expect(find(check)?.detail).toMatch(/^stayed open for 1(\.\d)? s$/);
    }
  });

  test("`joblib doctor` on a healthy server removes the worker that it created for its checks", async () => {
    await runDoctor(ANN);
    const authorization = `Bearer ${await createToken(SECRET, ANN)}`;

    expect((await app.inject({ url: "/v1/joblib/workers", headers: { authorization } })).json().total).toBe(
      0,
    );
  });

  test("`joblib doctor` on a healthy server checks the database from this machine if its URL is given", async () => {
    const empty = await createDatabase(inject("postgresUrl"));
    const { exitCode, find } = await runDoctor(ANN, { env: { JOBLIB_DATABASE_URL: empty } });

    expect(exitCode).toBe(1);
    expect(find("database URL")).toMatchObject({
      status: "failed",
      detail: expect.stringContaining("pending migrations: joblib-"),
      advice: "run `joblib migrate`",
    });
    expect(
      (await runDoctor(ANN, { argv: ["--database-url", databaseUrl] })).find("database URL"),
    ).toMatchObject({
      ...{ status: "ok", detail: "reachable from this machine, local connection, no pending migrations" },
    });
  });
});

describe("tokens", () => {
  test.each<[string, TokenClaims | undefined, string[], string, RegExp]>([
    ["a missing token", undefined, [], "token failed", /^missing; the server requires one$/],
    ["an expired token", { ...ANN, expiresInSeconds: -7200 }, [], "token failed", /expired 2h ago/],
    [
      "a token that expires soon",
      { ...ANN, expiresInSeconds: 600 },
      [],
      "token warning",
      /expires in (9|10)m/,
    ],
    ["a token without access to the room", ANN, ["--room", "office"], "room failed", /office: no access/],
    [
      "a token for some jobs only",
      { ...ANN, jobs: ["chem:Mine"] },
      [],
      "token ok",
      /may register only chem:Mine/,
    ],
    [
      "the token of an admin",
      { sub: "root", admin: true },
      ["--room", "lab"],
      "room ok",
      /lab: read and write/,
    ],
  ])("the token check of `joblib doctor` reports %s", async (_, claims, argv, outcome, detail) => {
    const [check = "", status] = outcome.split(" ");
    const found = await runDoctor(claims, { argv });

    expect(found.find(check)).toMatchObject({ status, detail: expect.stringMatching(detail) });
    expect(found.exitCode).toBe(status === "failed" ? 1 : 0);
  });

  test("the token check of `joblib doctor` reports a token of another server as rejected, not as expired", async () => {
    const JOBLIB_TOKEN = await createToken("another secret of thirty-two characters", ANN);
    const { find } = await runDoctor(undefined, { env: { JOBLIB_TOKEN } });

    expect(find("token")).toMatchObject({ status: "failed", detail: "rejected by the server" });
  });

  test("readExpiry returns the expiry of a JWT, and undefined for any other text", async () => {
    expect(readExpiry(await createToken(SECRET, { sub: "a", expiresAt: new Date(5000) }))).toBe(5000);
    expect(readExpiry("garbage")).toBeUndefined();
    expect(readExpiry("a.b.c")).toBeUndefined();
  });
});

/**
 * Starts a proxy for the server. The proxy closes connections that were idle for the given time.
 */
const startProxyWithIdleTimeout = async (milliseconds: number) => {
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

test("`joblib doctor` finds a proxy that closes idle connections, and prints advice", async () => {
  const { exitCode, find } = await runDoctor(ANN, { serverUrl: await startProxyWithIdleTimeout(400) });

  expect(exitCode).toBe(1);
  expect(find("server")?.status).toBe("ok");
  for (const check of ["long poll", "event stream"]) {
    expect(find(check)).toMatchObject({
      status: "failed",
      detail: expect.stringMatching(/^closed after 0\.\d s: /),
      advice: expect.stringContaining("proxy_read_timeout"),
    });
  }
});

test("`joblib doctor --idle-check 2` keeps the long poll and the event stream open for 2 seconds", async () => {
  const { find } = await runDoctor(ANN, { argv: ["--idle-check", "2"] });

  for (const check of ["long poll", "event stream"]) {
    expect(find(check)).toMatchObject({
      status: "ok",
      detail: expect.stringMatching(/^stayed open for 2(\.\d)? s$/),
    });
  }
});

describe("encryption", () => {
  const createCheckContext = (url: string, token?: string): CheckContext => ({
    ...{ client: new JoblibClient({ url, token: token ?? "" }), token },
    ...{ room: undefined, version: "0.1.0", signal: new AbortController().signal },
  });

  test.each([
    ["https://jobs.example.org/api", "ok"],
    ["http://127.0.0.1:7800", "ok"],
    ["http://[::1]:7800", "ok"],
    ["http://localhost:7800", "ok"],
  ])("the encryption check of `joblib doctor` reports %s as %s", (serverUrl, status) => {
    expect(checkEncryption(createCheckContext(serverUrl, "t"))).toMatchObject({ status });
  });

  test("the encryption check of `joblib doctor` warns about a token that is sent to another machine over plain HTTP", () => {
    expect(checkEncryption(createCheckContext("http://jobs.example.org:7800", "t"))).toMatchObject({
      status: "warning",
      detail: "the token, payloads and results are sent to jobs.example.org unencrypted",
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
] as const)("checkDatabase reports a connection of the kind %s as %s", (connection, status, detail) => {
  const database: Health["database"] = { state: "up", milliseconds: 1, pending_migrations: [], connection };

  expect(checkDatabase({ ...HEALTH, database }, undefined)).toMatchObject({
    ...{ status, detail: expect.stringMatching(detail) },
  });
});

test.each([
  ["tls", "ok", "redis, encrypted (TLS, certificate verified)"],
  ["plain", "warning", "redis, not encrypted"],
  [undefined, "ok", "redis"],
] as const)("checkBus reports a Redis connection of the kind %s as %s", (connection, status, detail) => {
  const bus = { state: "up", kind: "redis", connection } as const;

  expect(checkBus({ ...HEALTH, bus })).toMatchObject({ status, detail });
});

test("`joblib doctor` reports an unreachable server, and checks nothing else", async () => {
  const { find, exitCode } = await runDoctor(undefined, { serverUrl: "http://127.0.0.1:1" });

  expect(exitCode).toBe(1);
  expect(find("server")).toMatchObject({
    status: "failed",
    advice: expect.stringContaining("the server is running"),
  });
});

test.each([
  [
    "the time in the health document",
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
])("measureClockSkew compares this machine's clock with %s", (_, health, response, offset, skew) => {
  const now = Date.parse("2026-01-01T00:00:00.000Z") + offset;

  expect(measureClockSkew(health, response, now)?.skew).toBe(skew);
});

test("measureClockSkew returns undefined if the server sends no time", () => {
  expect(measureClockSkew(undefined, { milliseconds: 1, date: undefined }, 0)).toBeUndefined();
});
