import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROBLEM_IDS } from "../../../protocol/index.ts";
import { aRoom, startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: { body_limit: 200_000 } });
});
afterAll(() => server.close());

const type = (id: string) => `/v1/problems/${id}`;

describe("every error is a problem document", () => {
  test.each([
    ["GET /v1/joblib/nowhere", 404, "route-not-found"],
    ["POST /v1/joblib", 404, "route-not-found"],
    ["GET /v1/joblib/tasks/not-a-uuid", 404, "task-not-found"],
    ["GET /v1/joblib/tasks/01900000-0000-7000-8000-000000000000", 404, "task-not-found"],
    ["GET /v1/joblib/rooms/a%20b/jobs", 400, "invalid-room-id"],
    ["GET /v1/joblib/rooms/public/jobs", 400, "invalid-room-id"],
    ["GET /v1/joblib/rooms/a%2Fb/jobs", 400, "invalid-room-id"],
    ["GET /v1/joblib/rooms/@Global/jobs", 400, "invalid-room-id"],
    ["GET /v1/joblib/rooms/a/jobs/Rotate", 400, "invalid-job-name"],
    ["GET /v1/joblib/rooms/a/jobs/a:b", 400, "invalid-job-name"],
    ["GET /v1/joblib/rooms/a/jobs/a:b:c:d", 400, "invalid-job-name"],
    ["GET /v1/joblib/rooms/a/jobs/:x:y", 400, "invalid-job-name"],
    ["GET /v1/joblib/rooms/a/jobs/other:x:y", 404, "job-not-found"],
    ["GET /v1/joblib/rooms/@global/jobs/private:x:y", 404, "job-not-found"],
    ["GET /v1/joblib/rooms/a/jobs?limit=501", 422, "validation-error"],
    ["GET /v1/joblib/rooms/a/jobs?offset=-1", 422, "validation-error"],
    ["GET /v1/joblib/rooms/a/tasks?status=done", 422, "validation-error"],
    ["GET /v1/joblib/rooms/closed-1/jobs", 403, "forbidden"],
    ["DELETE /v1/joblib/workers/01900000-0000-7000-8000-000000000000", 404, "worker-not-found"],
    ["DELETE /v1/joblib/workers/nobody", 404, "worker-not-found"],
    ["GET /v1/problems/no-such", 404, "route-not-found"],
  ])("%s: %i %s", async (line, status, id) => {
    const got = await server.send(line);

    expect(got.body).toMatchObject({ type: type(id), status });
    expect(got.body).toHaveProperty("title");
    expect(got.body).toHaveProperty("detail");
    expect([got.status, got.headers["content-type"]]).toEqual([status, "application/problem+json"]);
  });

  test.each([
    ["POST /v1/joblib/rooms/a/jobs", "PUT, GET, HEAD"],
    ["DELETE /v1/joblib/tasks/claim", "POST, GET, HEAD, PATCH"],
    ["PUT /v1/joblib/workers", "POST, GET, HEAD"],
    ["POST /v1/problems", "GET, HEAD"],
  ])("%s: 405 with Allow: %s", async (line, allow) => {
    const got = await server.send(line, { as: null });

    expect([got.status, got.headers["allow"]]).toEqual([405, allow]);
    expect(got.body).toMatchObject({ type: type("method-not-allowed") });
  });

  test("nobody is asked to say who he is, before anything else", async () => {
    for (const line of ["GET /v1/joblib/workers", "GET /v1/joblib/rooms/public/jobs"]) {
      const got = await server.send(line, { as: null });
      expect([got.status, got.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    }
  });

  test("the catalogue is open to everybody", async () => {
    const list = await server.send("GET /v1/problems", { as: null });
    const one = await server.send("GET /v1/problems/task-lost", { as: null });

    expect(list.body["items"]).toHaveLength(PROBLEM_IDS.length);
    expect(one.body).toEqual({
      id: "task-lost",
      type: type("task-lost"),
      status: 409,
      title: expect.any(String),
    });
  });

  test("HEAD answers as GET, without the body", async () => {
    const got = await server.send("HEAD /v1/joblib/rooms/a/jobs");
    expect([got.status, got.text]).toEqual([200, ""]);
  });
});

describe("bodies", () => {
  const deep = (levels: number) => `{"payload":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}`;
  const refused: [name: string, body: string, status: number, id: string][] = [
    ["cut off", '{"payload":', 400, "malformed-request"],
    ["a trailing comma", '{"payload":{},}', 400, "malformed-request"],
    ["NaN", '{"payload":{"a":NaN}}', 400, "malformed-request"],
    ["1e400", '{"payload":{"a":1e400}}', 400, "malformed-request"],
    ["U+0000", '{"payload":{"a":"\\u0000"}}', 400, "malformed-request"],
    ["a key of U+0000", '{"payload":{"\\u0000":1}}', 400, "malformed-request"],
    ["a lone high surrogate", '{"payload":{"a":"\\ud83d"}}', 400, "malformed-request"],
    ["a lone low surrogate", '{"payload":{"a":"x\\ude00"}}', 400, "malformed-request"],
    ["__proto__", '{"payload":{"a":[{"__proto__":{"polluted":1}}]}}', 400, "malformed-request"],
    ["an escaped __proto__", '{"payload":{"\\u005f_proto__":1}}', 400, "malformed-request"],
    ["a byte order mark", "\ufeff{}", 400, "malformed-request"],
    ["two values", "{} {}", 400, "malformed-request"],
    ["an array", "[]", 422, "validation-error"],
    ["null", "null", 422, "validation-error"],
    ["a payload that is no object", '{"payload":[1]}', 422, "validation-error"],
    ["an inexact integer", '{"payload":{"a":[0,9007199254740993]}}', 422, "validation-error"],
    ["200 levels", deep(200), 422, "validation-error"],
    ["10,000 levels", deep(10_000), 422, "validation-error"],
    ["more than body_limit", `{"payload":{"a":"${"x".repeat(200_000)}"}}`, 413, "payload-too-large"],
  ];
  test.each(refused)("%s is refused", async (_, body, status, id) => {
    const { submit } = await aRoom(server);

    const got = await submit({}, { body });

    expect(got.body).toMatchObject({ type: type(id), status });
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test("an inexact integer is pointed at", async () => {
    const got = await (await aRoom(server)).submit({}, { body: '{"payload":{"a":[0,9007199254740993]}}' });
    expect(got.body["errors"]).toEqual([
      { pointer: "/payload/a/1", detail: expect.stringContaining("string") },
    ]);
  });

  test("invalid UTF-8 is no JSON", async () => {
    const { roomId } = await aRoom(server);
    const answer = await server.app.inject({
      method: "POST",
      url: `/v1/joblib/rooms/${roomId}/tasks/private:m:Rotate`,
      headers: { "x-user": "ann", "content-type": "application/json" },
      payload: Buffer.from([0x22, 0xc3, 0x28, 0x22]),
    });
    expect(answer.json()).toMatchObject({ type: type("malformed-request") });
  });

  test.each([
    ["text/plain", {}],
    ["application/json; charset=utf-16", {}],
    ["application/json", { "content-encoding": "gzip" }],
  ])("%s %j is unsupported", async (contentType, more) => {
    const { submit } = await aRoom(server);
    const got = await submit({}, { body: {}, headers: { "content-type": contentType, ...more } });
    expect(got.body).toMatchObject({ type: type("unsupported-media-type"), status: 415 });
  });

  test.each([
    "application/json",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
  ])("%s is read", async (contentType) => {
    const { submit } = await aRoom(server);
    expect((await submit({}, { body: {}, headers: { "content-type": contentType } })).status).toBe(202);
  });

  test("a body may be left out where the contract says so, and nowhere else", async () => {
    const { roomId } = await aRoom(server);
    const submitted = await server.send(`POST /v1/joblib/rooms/${roomId}/tasks/private:m:Rotate`);
    const claimed = await server.send("POST /v1/joblib/tasks/claim");

    expect([submitted.status, submitted.body["payload"]]).toEqual([202, {}]);
    expect(claimed.body).toMatchObject({ type: type("malformed-request") });
  });

  test("a payload comes back as it was sent", async () => {
    const payload = {
      angle: 1.5,
      text: "😀 \ud7ff",
      zero: -0.5,
      constructor: { prototype: 1 },
      list: [null, []],
    };
    const { submit } = await aRoom(server);
    expect((await submit({ payload, unknown: 1 })).body["payload"]).toEqual(payload);
  });
});

test("a body that announces too much is refused before it is read", async () => {
  await server.app.listen({ port: 0 });
  const address = server.app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const socket = connect(port, "127.0.0.1");
  socket.write(
    "PUT /v1/joblib/rooms/a/jobs HTTP/1.1\r\nhost: x\r\nx-user: ann\r\ncontent-type: application/json\r\ncontent-length: 100000000\r\n\r\n{",
  );
  const text = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
  socket.destroy();

  expect(text).toMatch(/^HTTP\/1.1 413/);
});
