import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aRoom, startTestServer, type TestServer, textOf } from "./test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const schema = { type: "object", properties: { a: { type: "number" }, b: { type: "string" } } };
const reordered = { properties: { b: { type: "string" }, a: { type: "number" } }, type: "object" };
const register = (roomId: string, body: object, as = "ann") =>
  server.send(`PUT /v1/joblib/rooms/${roomId}/jobs`, {
    as,
    body: { category: "m", name: "J", schema, ...body },
  });

describe("registering", () => {
  test("201 when new, 200 when it matches in any order, with the last words", async () => {
    const first = await register("r1", { description: "one", "x-kept": 1 });
    const again = await register("r1", {
      schema: reordered,
      description: "two",
      defaults: { priority: 3 },
      worker_id: first.body["worker_id"],
    });

    expect(first.status).toBe(201);
    expect(first.headers["location"]).toBe("/v1/joblib/rooms/r1/jobs/private:m:J");
    expect(first.body).toMatchObject({
      room_id: "r1",
      category: "m",
      name: "J",
      full_name: "private:m:J",
      schema,
      result_schema: null,
      description: "one",
      defaults: {},
      workers: [first.body["worker_id"]],
      pending: 0,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect([again.status, again.body["description"], again.body["defaults"]]).toEqual([
      200,
      "two",
      { priority: 3 },
    ]);
    expect(again.body["worker_id"]).toBe(first.body["worker_id"]);
  });

  test("409 with a diff where the schema or the result schema differs", async () => {
    await register("r2", {});
    const other = await register("r2", { schema: { type: "object" } });
    const result = await register("r2", { result_schema: { type: "number" } });

    expect(other.body).toMatchObject({ status: 409, type: "/v1/problems/schema-conflict" });
    expect(other.body["diff"]).toEqual([{ op: "remove", path: "/properties" }]);
    expect(result.body["diff"]).toEqual([
      { op: "replace", path: "/result_schema", value: { type: "number" } },
    ]);
  });

  test("many at once: one is new, the others match", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => register("r3", {})));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
  });

  test("unknown keywords are kept, and a job that was removed takes another schema", async () => {
    const first = await register("r4", { schema: { type: "object", "x-widget": { a: [1] } } });
    expect(first.body["schema"]).toEqual({ type: "object", "x-widget": { a: [1] } });
    await server.send(`DELETE /v1/joblib/workers/${textOf(first.body, "worker_id")}`);

    expect((await server.send("GET /v1/joblib/rooms/r4/jobs/private:m:J")).status).toBe(404);
    expect((await register("r4", {})).status).toBe(201);
  });

  test.each([
    ["a bad category", { category: "a b" }, 400, "invalid-category"],
    ["an empty category", { category: "" }, 400, "invalid-category"],
    ["a bad name", { name: "a:b" }, 422, "validation-error"],
    ["no schema", { schema: 1 }, 422, "validation-error"],
    ["a schema that is none", { schema: { type: "nonsense" } }, 422, "validation-error"],
    ["a result schema that is none", { result_schema: { type: 1 } }, 422, "validation-error"],
    ["an unknown worker", { worker_id: "01900000-0000-7000-8000-000000000000" }, 404, "worker-not-found"],
    ["no worker at all", { worker_id: "nobody" }, 404, "worker-not-found"],
    ["bad defaults", { defaults: { priority: 101 } }, 422, "validation-error"],
  ])("%s is refused", async (_, body, status, id) => {
    const got = await register("r5", body);
    expect(got.body).toMatchObject({ status, type: `/v1/problems/${id}` });
  });

  test("faults are pointed at under /schema and /result_schema", async () => {
    const got = await register("r6", { schema: { type: "nonsense" }, result_schema: { pattern: 1 } });
    expect(got.body["errors"]).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer: expect.stringMatching(/^\/schema\/type/) }),
        expect.objectContaining({ pointer: expect.stringMatching(/^\/result_schema\/pattern/) }),
      ]),
    );
  });

  test("another's worker is refused, and nobody registers globally but an admin", async () => {
    const { worker } = await aRoom(server);
    expect((await register("r7", { worker_id: worker }, "bob")).status).toBe(403);
    expect((await register("@global", {})).status).toBe(403);
    expect((await register("closed-1", {})).status).toBe(403);
    expect((await register("@global", { name: "G" }, "root")).body["full_name"]).toBe("public:m:G");
  });

  test("no worker is made for a registration that was refused", async () => {
    await register("r8", {}, "cat");
    await register("r8", { schema: { type: "object" } }, "cat");
    expect((await server.send("GET /v1/joblib/workers", { as: "cat" })).body["total"]).toBe(1);
  });
});

describe("reading", () => {
  test("a room sees its own jobs and the global ones, newest first; others do not see it", async () => {
    await register("@global", { name: "Everywhere" }, "root");
    await register("see", { name: "Own" });
    const names = async (roomId: string) => {
      const { items } = (await server.send(`GET /v1/joblib/rooms/${roomId}/jobs`)).body;
      return Array.isArray(items) ? items.map(({ full_name }) => full_name) : [];
    };

    expect((await names("see"))[0]).toBe("private:m:Own");
    expect(await names("see")).toContain("public:m:Everywhere");
    expect(await names("blind")).not.toContain("private:m:Own");
    expect(await names("@global")).not.toContain("private:m:Own");
  });

  test.each([
    ["private:m:Own2", 200],
    ["see2:m:Own2", 200],
    ["public:m:Own2", 404],
    ["@global:m:Own2", 404],
    ["other:m:Own2", 404],
    ["public:m:Global2", 200],
    ["@global:m:Global2", 200],
  ])("%s asked in see2: %i", async (name, status) => {
    await register("@global", { name: "Global2" }, "root");
    await register("see2", { name: "Own2" });
    const got = await server.send(`GET /v1/joblib/rooms/see2/jobs/${name}`);
    expect(got.status).toBe(status);
    if (status === 200) expect(got.body["worker_id"]).toBeNull();
  });

  test("the longest names are reached", async () => {
    const [category, name, roomId] = ["c".repeat(128), "n".repeat(128), encodeURIComponent("é".repeat(128))];
    await register(roomId, { category, name });
    const got = await server.send(`GET /v1/joblib/rooms/${roomId}/jobs/${roomId}:${category}:${name}`);
    expect(got.status).toBe(200);
  });

  test("lists have a window", async () => {
    for (const name of ["A", "B", "C"]) await register("w", { name });
    const got = await server.send("GET /v1/joblib/rooms/w/jobs?limit=1&offset=1");
    expect(got.body).toMatchObject({ limit: 1, offset: 1, items: [{ name: "B" }] });
    expect((await server.send("GET /v1/joblib/rooms/w/jobs?limit=0")).body["items"]).toEqual([]);
  });

  test("a job tells its backlog and its tasks in the room", async () => {
    const { roomId, submit } = await aRoom(server);
    await submit();
    const job = await server.send(`GET /v1/joblib/rooms/${roomId}/jobs/private:m:Rotate`);
    const tasks = await server.send(`GET /v1/joblib/rooms/${roomId}/jobs/private:m:Rotate/tasks`);
    expect(job.body["pending"]).toBe(1);
    expect(tasks.body).toMatchObject({
      total: 1,
      items: [{ job_name: "private:m:Rotate", queue_position: 1 }],
    });
  });
});

test("settings bound the categories and choose the style of names", async () => {
  const own = await startTestServer({ settings: { allowedCategories: ["m"], jobNameStyle: "room" } });
  const put = (category: string) =>
    own.send("PUT /v1/joblib/rooms/lab/jobs", { body: { category, name: "J", schema } });

  expect((await put("other")).body).toMatchObject({ status: 400, type: "/v1/problems/invalid-category" });
  expect((await put("m")).body["full_name"]).toBe("lab:m:J");
  await own.close();
});
