import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { operations } from "../../protocol/index.ts";
import { createServer, createToken, parseSettings, SettingsError } from "../../server/index.ts";
import { createDatabase, startPostgres } from "../support/postgres.ts";

const SECRET = "a secret of at least thirty-two characters";
const SILENT = { log_level: "silent", data_dir: "memory://" } as const;

describe("server without configuration", () => {
  let app: FastifyInstance;

  beforeAll(async () => {
    app = await createServer({ settings: parseSettings({}, SILENT) });
  });
  afterAll(() => app.close());

  const get = (url: string, headers: Record<string, string> = {}) =>
    app.inject({ url, headers: { host: "127.0.0.1:7800", ...headers } });

  test("a server without configuration is alive and ready", async () => {
    expect((await get("/healthz")).json()).toEqual({ status: "up" });
    expect((await get("/readyz")).json()).toEqual({
      status: "up",
      database: { status: "up", kind: "pglite" },
      bus: { status: "up", kind: "in-process" },
    });
  });

  test("a server without configuration treats every local caller as an admin", async () => {
    expect((await get("/v1/joblib/workers")).statusCode).toBe(200);
  });

  test.each([
    { host: "attacker.example" },
    { host: "127.0.0.1.attacker.example" },
    { origin: "https://attacker.example" },
    { "sec-fetch-site": "cross-site" },
    { origin: "null" },
  ])("a server without configuration rejects requests that another site makes a browser send: %j", async (headers) => {
    const response = await get("/v1/joblib/workers", headers);

    expect(response.statusCode).toBe(403);
    expect(response.headers["content-type"]).toMatch("application/problem+json");
  });

  test.each([
    "127.0.0.1:7800",
    "localhost:7800",
    "[::1]:7800",
  ])("a server without configuration accepts the host name %s", async (host) => {
    expect((await get("/v1/joblib/workers", { host })).statusCode).toBe(200);
  });

  test.each([
    ["that is not HTTP", "\u0016\u0003\u0001\u0002\r\n\r\n"],
    ["with two length headers", "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["with headers that are too large", `GET / HTTP/1.1\r\nx: ${"y".repeat(40_000)}\r\n\r\n`],
  ])("a server without configuration responds to a request %s with a problem and closes the connection", async (_, bytes) => {
    if (!app.server.listening) await app.listen({ port: 0, host: "127.0.0.1" });
    const address = app.server.address();
    const socket = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
    socket.write(bytes);

    const response = await text(socket);

    expect(response).toMatch(/^HTTP\/1\.1 400 /);
    expect(response).toContain("application/problem+json");
    expect(response).toContain("/v1/problems/malformed-request");
  });

  test("a server without configuration serves metrics without rooms, users or tasks", async () => {
    await get("/v1/joblib/rooms/secret-lab/jobs");

    const { body, headers } = await get("/metrics");

    expect(headers["content-type"]).toMatch("text/plain");
    expect(body).toContain("joblib_tasks");
    expect(body).toContain("joblib_http_request_duration_seconds");
    expect(body).not.toContain("secret-lab");
  });

  test("a server without configuration documents its API as an OpenAPI document and as a web page", async () => {
    const page = await get("/docs");

    expect((await get("/openapi.json")).json()).toMatchObject({ openapi: "3.1.0" });
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.body).toContain("/v1/joblib/tasks/claim");
    for (const name of Object.keys(operations)) expect(page.body).toContain(`id="${name}"`);
    expect(page.body).not.toContain("<script");
  });

  test("a server without configuration rejects an invalid content type as unsupported, also at an unknown path", async () => {
    const headers = { "content-type": "not a media type" };
    const response = await app.inject({ method: "POST", url: "/nowhere", headers, payload: "x" });

    expect(response.statusCode).toBe(415);
    expect(response.json()).toMatchObject({ type: "/v1/problems/unsupported-media-type" });
  });

  test.each([
    ["/nowhere", "route-not-found", 404],
    ["/v1/joblib/rooms/%ff/jobs", "malformed-request", 400],
    [`/v1/joblib/rooms/${"r".repeat(6000)}/jobs`, "route-not-found", 404],
  ])("a server without configuration responds to the path %.30s with the problem %s", async (url, id, status) => {
    const response = await get(url);

    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ type: `/v1/problems/${id}`, status });
    expect(response.headers["content-type"]).toMatch("application/problem+json");
  });
});

test("a server without tokens refuses to listen on a public address", async () => {
  await expect(createServer({ settings: parseSettings({}, { ...SILENT, host: "0.0.0.0" }) })).rejects.toThrow(
    SettingsError,
  );
});

test("a server with a secret requires a token, except for health, metrics and documentation", async () => {
  const app = await createServer({
    settings: parseSettings({}, { ...SILENT, jwt_secret: SECRET, host: "0.0.0.0" }),
  });
  const authorization = `Bearer ${await createToken(SECRET, { sub: "ann", rooms: ["lab"] })}`;
  const getStatus = async (url: string, headers: Record<string, string> = {}) =>
    (await app.inject({ url, headers })).statusCode;

  for (const url of ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/v1/problems"]) {
    expect(await getStatus(url)).toBe(200);
  }
  const refused = await app.inject("/v1/joblib/workers");
  expect(refused.statusCode).toBe(401);
  expect(refused.headers["www-authenticate"]).toMatch("Bearer");
  expect(await getStatus("/v1/joblib/rooms/lab/tasks", { authorization })).toBe(200);
  expect(await getStatus("/v1/joblib/rooms/other/tasks", { authorization })).toBe(403);
  expect(await getStatus("/v1/joblib/rooms/@global/jobs", { authorization })).toBe(200);
  await app.close();
});

test("log lines of a request contain its id at every level and in child loggers", async () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => write.mockRestore());
  const app = await createServer({ settings: parseSettings({}, { ...SILENT, log_level: "trace" }) });
  onTestFinished(() => app.close());
  app.get("/log", async ({ id, log }) => {
    for (const level of ["fatal", "error", "warn", "info", "debug", "trace"] as const) {
      log[level]({ level }, `at ${level}`);
    }
    log.child({ part: "child" }).info("of a child");
    return { id };
  });

  const { id } = (await app.inject({ url: "/log", headers: { host: "localhost" } })).json();

  const lines = write.mock.calls.map(([line]) => String(line)).filter((line) => line.startsWith("{"));
  const own = lines.map((line) => JSON.parse(line)).filter(({ msg }) => /^(at|of) /.test(msg));
  expect(own).toHaveLength(7);
  expect(own.every(({ reqId }) => reqId === id)).toBe(true);
  expect(own.at(-1)).toMatchObject({ part: "child" });
});

test("a server with the simple queue, which is only for tests, logs a warning", async () => {
  vi.stubEnv("JOBLIB_INTERNAL_QUEUE", "simple");
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => {
    write.mockRestore();
    vi.unstubAllEnvs();
  });
  const app = await createServer({ settings: parseSettings({}, { ...SILENT, log_level: "warn" }) });
  onTestFinished(() => app.close());

  const lines = write.mock.calls.map(([line]) => String(line));
  expect(lines).toEqual([expect.stringContaining("JOBLIB_INTERNAL_QUEUE=simple is for tests only")]);
});

test("a server whose database is down is alive, not ready, and responds with 503 and Retry-After", async () => {
  const postgres = await startPostgres();
  const database_url = await postgres.createDatabase();
  const app = await createServer({ settings: parseSettings({}, { ...SILENT, database_url }) });
  const get = (url: string) => app.inject({ url, headers: { host: "localhost" } });
  expect((await get("/readyz")).statusCode).toBe(200);

  await postgres.stop();

  expect((await get("/healthz")).statusCode).toBe(200);
  expect((await get("/readyz")).statusCode).toBe(503);
  const response = await get("/v1/joblib/workers");
  expect(response.statusCode).toBe(503);
  expect(response.headers["retry-after"]).toBeDefined();
  expect(response.json()).toMatchObject({ type: "/v1/problems/service-unavailable" });
  await app.close();
  await postgres[Symbol.asyncDispose]();
});

test("servers that start concurrently on an empty database migrate it once", async () => {
  const database_url = await createDatabase(inject("postgresUrl"));
  const settings = parseSettings({}, { ...SILENT, database_url, redis_url: inject("redisUrl") });

  const apps = await Promise.all(Array.from({ length: 3 }, () => createServer({ settings })));

  for (const app of apps) {
    expect((await app.inject({ url: "/readyz", headers: { host: "localhost" } })).statusCode).toBe(200);
    await app.close();
  }
});
