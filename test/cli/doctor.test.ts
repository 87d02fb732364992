import { connect, createServer as createTcp, type Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { clockSkew } from "../../cli/doctor/server-check.ts";
import { saidEnd } from "../../cli/doctor/token-check.ts";
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
  const argv = ["doctor", "--json", "--long", "1", "--url", own.at ?? url, ...(own.argv ?? [])];
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
const ANN: TokenClaims = { sub: "ann", rooms: ["lab"], expiresInSeconds: 86_400 };

describe("where all is well", () => {
  test("every part is, from a worker's machine", async () => {
    const { exitCode, ok, statuses, of } = await examine(ANN, { argv: ["--room", "lab"] });

    expect({ exitCode, ok }).toEqual({ exitCode: 0, ok: true });
    expect(statuses).toEqual({
      ...{ server: "ok", version: "ok", clock: "ok", token: "ok", room: "ok", database: "ok", bus: "ok" },
      ...{ "long poll": "ok", "event stream": "ok" },
    });
    expect(of("token")?.detail).toMatch(/^ann; room lab; ends in (23h|1d)$/);
    expect(of("database")?.detail).toMatch(/^postgresql: a round trip of [\d.]+ ms, no migrations pending$/);
    expect(of("bus")?.detail).toBe("redis");
  });

  test("leaves no worker behind", async () => {
    await examine(ANN);
    const authorization = `Bearer ${await createToken(SECRET, ANN)}`;

    expect((await app.inject({ url: "/v1/joblib/workers", headers: { authorization } })).json().total).toBe(
      0,
    );
  });

  test("the database that is named is looked at from here, too", async () => {
    const empty = await createDatabase(inject("postgresUrl"));
    const { exitCode, of } = await examine(ANN, { env: { JOBLIB_DATABASE_URL: empty } });

    expect(exitCode).toBe(1);
    expect(of("own database")).toMatchObject({
      status: "failed",
      detail: expect.stringContaining("pending: joblib-"),
      advice: "`joblib migrate`",
    });
    expect((await examine(ANN, { argv: ["--database-url", databaseUrl] })).of("own database")?.status).toBe(
      "ok",
    );
  });
});

describe("a token", () => {
  test.each<[string, TokenClaims | undefined, string[], string, RegExp]>([
    ["that is missing", undefined, [], "token failed", /there is none/],
    ["that ended", { ...ANN, expiresInSeconds: -7200 }, [], "token failed", /it ended 2h ago/],
    ["that ends soon", { ...ANN, expiresInSeconds: 600 }, [], "token warning", /ends in (9|10)m/],
    [
      "that does not open the room",
      ANN,
      ["--room", "office"],
      "room failed",
      /office: neither read nor write/,
    ],
    ["for certain jobs", { ...ANN, jobs: ["chem:Mine"] }, [], "token ok", /registers chem:Mine alone/],
    ["of an admin", { sub: "root", admin: true }, ["--room", "lab"], "room ok", /lab: read and write/],
  ])("%s", async (_, claims, argv, outcome, detail) => {
    const [check = "", status] = outcome.split(" ");
    const found = await examine(claims, { argv });

    expect(found.of(check)).toMatchObject({ status, detail: expect.stringMatching(detail) });
    expect(found.exitCode).toBe(status === "failed" ? 1 : 0);
  });

  test("that another server signed is told from one that ended", async () => {
    const JOBLIB_TOKEN = await createToken("another secret of thirty-two characters", ANN);
    const { of } = await examine(undefined, { env: { JOBLIB_TOKEN } });

    expect(of("token")).toMatchObject({ status: "failed", detail: "the server does not accept it" });
  });

  test("says itself when it ends, and garbage says nothing", async () => {
    expect(saidEnd(await createToken(SECRET, { sub: "a", expiresAt: new Date(5000) }))).toBe(5000);
    expect(saidEnd("garbage")).toBeUndefined();
    expect(saidEnd("a.b.c")).toBeUndefined();
  });
});

/** A proxy before the server that ends a connection on which nothing was said for so long. */
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

test("a proxy that cuts silent requests is found, and what to do about it", async () => {
  const { exitCode, of } = await examine(ANN, { at: await impatientProxy(400) });

  expect(exitCode).toBe(1);
  expect(of("server")?.status).toBe("ok");
  for (const check of ["long poll", "event stream"]) {
    expect(of(check)).toMatchObject({
      status: "failed",
      detail: expect.stringMatching(/^cut after 0\.\d s: /),
      advice: expect.stringContaining("proxy_read_timeout"),
    });
  }
});

test("a server that is not there is told as such, and nothing else is looked at", async () => {
  const { of, exitCode } = await examine(undefined, { at: "http://127.0.0.1:1" });

  expect(exitCode).toBe(1);
  expect(of("server")).toMatchObject({ status: "failed", advice: expect.stringContaining("joblib serve") });
});

test.each([
  [
    "a server that tells the time",
    { time: "2026-01-01T00:00:00.000Z", milliseconds: 20 },
    undefined,
    10_010,
    10_000,
  ],
  [
    "the header of an older one",
    undefined,
    { milliseconds: 0, date: "Thu, 01 Jan 2026 00:00:00 GMT" },
    -30_000,
    -30_500,
  ],
])("the clock is compared with %s", (_, health, heard, offset, skew) => {
  const now = Date.parse("2026-01-01T00:00:00.000Z") + offset;

  expect(clockSkew(health, heard, now)?.skew).toBe(skew);
});

test("a server that tells no time is no reason for one", () => {
  expect(clockSkew(undefined, { milliseconds: 1, date: undefined }, 0)).toBeUndefined();
});
