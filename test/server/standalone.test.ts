import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { operations } from "../../protocol/index.ts";
import { createServer, createToken, parseSettings, SettingsError } from "../../server/index.ts";
import { createDatabase, startPostgres } from "../support/postgres.ts";

const SECRET = "a secret of at least thirty-two characters";
const quiet = { log_level: "silent", data_dir: "memory://" } as const;

describe("the server that needs no configuration", () => {
  let app: FastifyInstance;

  beforeAll(async () => {
    app = await createServer({ settings: parseSettings({}, quiet) });
  });
  afterAll(() => app.close());

  const get = (url: string, headers: Record<string, string> = {}) =>
    app.inject({ url, headers: { host: "127.0.0.1:7800", ...headers } });

  test("says that it is alive and ready", async () => {
    expect((await get("/healthz")).json()).toEqual({ status: "up" });
    expect((await get("/readyz")).json()).toEqual({
      status: "up",
      database: { status: "up", kind: "pglite" },
      bus: { status: "up", kind: "in-process" },
    });
  });

  test("serves one local admin", async () => {
    expect((await get("/v1/joblib/workers")).statusCode).toBe(200);
  });

  test.each([
    { host: "attacker.example" },
    { host: "127.0.0.1.attacker.example" },
    { origin: "https://attacker.example" },
    { "sec-fetch-site": "cross-site" },
    { origin: "null" },
  ])("refuses what a web page elsewhere makes a browser send: %j", async (headers) => {
    const answer = await get("/v1/joblib/workers", headers);

    expect(answer.statusCode).toBe(403);
    expect(answer.headers["content-type"]).toMatch("application/problem+json");
  });

  test.each(["127.0.0.1:7800", "localhost:7800", "[::1]:7800"])("answers to the name %s", async (host) => {
    expect((await get("/v1/joblib/workers", { host })).statusCode).toBe(200);
  });

  test.each([
    ["that is not HTTP", "\u0016\u0003\u0001\u0002\r\n\r\n"],
    ["with two lengths", "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["with endless headers", `GET / HTTP/1.1\r\nx: ${"y".repeat(40_000)}\r\n\r\n`],
  ])("answers a request %s with a problem, and hangs up", async (_, bytes) => {
    if (!app.server.listening) await app.listen({ port: 0, host: "127.0.0.1" });
    const address = app.server.address();
    const socket = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
    socket.write(bytes);

    const answer = await text(socket);

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain("application/problem+json");
    expect(answer).toContain("/v1/problems/malformed-request");
  });

  test("has metrics that name no room, user or task", async () => {
    await get("/v1/joblib/rooms/secret-lab/jobs");

    const { body, headers } = await get("/metrics");

    expect(headers["content-type"]).toMatch("text/plain");
    expect(body).toContain("joblib_tasks");
    expect(body).toContain("joblib_http_request_duration_seconds");
    expect(body).not.toContain("secret-lab");
  });

  test("documents its API for programs and for people", async () => {
    const page = await get("/docs");

    expect((await get("/openapi.json")).json()).toMatchObject({ openapi: "3.1.0" });
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.body).toContain("/v1/joblib/tasks/claim");
    for (const name of Object.keys(operations)) expect(page.body).toContain(`id="${name}"`);
    expect(page.body).not.toContain("<script");
  });

  test("refuses a body of no known kind as such, at an address that is nobody's too", async () => {
    const headers = { "content-type": "no kind at all" };
    const answer = await app.inject({ method: "POST", url: "/nowhere", headers, payload: "x" });

    expect(answer.statusCode).toBe(415);
    expect(answer.json()).toMatchObject({ type: "/v1/problems/unsupported-media-type" });
  });

  test.each([
    ["/nowhere", "route-not-found", 404],
    ["/v1/joblib/rooms/%ff/jobs", "malformed-request", 400],
    [`/v1/joblib/rooms/${"r".repeat(6000)}/jobs`, "route-not-found", 404],
  ])("answers an address that leads nowhere (%.30s) with the problem %s", async (url, id, status) => {
    const answer = await get(url);

    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ type: `/v1/problems/${id}`, status });
    expect(answer.headers["content-type"]).toMatch("application/problem+json");
  });
});

test("without tokens it refuses to listen to others", async () => {
  await expect(createServer({ settings: parseSettings({}, { ...quiet, host: "0.0.0.0" }) })).rejects.toThrow(
    SettingsError,
  );
});

test("with a secret, health and documents stay open and everything else asks who it is", async () => {
  const app = await createServer({
    settings: parseSettings({}, { ...quiet, jwt_secret: SECRET, host: "0.0.0.0" }),
  });
  const authorization = `Bearer ${await createToken(SECRET, { sub: "ann", rooms: ["lab"] })}`;
  const statusOf = async (url: string, headers: Record<string, string> = {}) =>
    (await app.inject({ url, headers })).statusCode;

  for (const url of ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/v1/problems"]) {
    expect(await statusOf(url)).toBe(200);
  }
  const refused = await app.inject("/v1/joblib/workers");
  expect(refused.statusCode).toBe(401);
  expect(refused.headers["www-authenticate"]).toMatch("Bearer");
  expect(await statusOf("/v1/joblib/rooms/lab/tasks", { authorization })).toBe(200);
  expect(await statusOf("/v1/joblib/rooms/other/tasks", { authorization })).toBe(403);
  expect(await statusOf("/v1/joblib/rooms/@global/jobs", { authorization })).toBe(200);
  await app.close();
});

test("while the database is away it is alive, not ready, and answers 503 with Retry-After", async () => {
  const postgres = await startPostgres();
  const database_url = await postgres.createDatabase();
  const app = await createServer({ settings: parseSettings({}, { ...quiet, database_url }) });
  const get = (url: string) => app.inject({ url, headers: { host: "localhost" } });
  expect((await get("/readyz")).statusCode).toBe(200);

  await postgres.stop();

  expect((await get("/healthz")).statusCode).toBe(200);
  expect((await get("/readyz")).statusCode).toBe(503);
  const answer = await get("/v1/joblib/workers");
  expect(answer.statusCode).toBe(503);
  expect(answer.headers["retry-after"]).toBeDefined();
  expect(answer.json()).toMatchObject({ type: "/v1/problems/service-unavailable" });
  await app.close();
  await postgres[Symbol.asyncDispose]();
});

test("servers that start at once on an empty database migrate it once", async () => {
  const database_url = await createDatabase(inject("postgresUrl"));
  const settings = parseSettings({}, { ...quiet, database_url, redis_url: inject("redisUrl") });

  const apps = await Promise.all(Array.from({ length: 3 }, () => createServer({ settings })));

  for (const app of apps) {
    expect((await app.inject({ url: "/readyz", headers: { host: "localhost" } })).statusCode).toBe(200);
    await app.close();
  }
});
