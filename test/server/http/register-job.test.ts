import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const schema = { type: "object", properties: { a: { type: "number" }, b: { type: "string" } } };
const reordered = { properties: { b: { type: "string" }, a: { type: "number" } }, type: "object" };
const UNKNOWN_ID = "01900000-0000-7000-8000-000000000000";

const register = (room: string, body: object = {}, user = "wes") =>
  api.as(user).put(`/rooms/${room}/jobs`, { body: { category: "m", name: "J", schema, ...body } });
const readJob = (room: string, name = "private:m:J") => api.as("ann").get(`/rooms/${room}/jobs/${name}`);

describe("registration", () => {
  test("a registration returns 201 with the whole job if the job is new", async () => {
    const room = newRoomId();

    const response = await register(room, { description: "one", "x-kept": 1 });

    expect(ok(response, 201)).toEqual({
      ...{ id: expect.any(String), room_id: room, category: "m", name: "J", full_name: "private:m:J" },
      ...{ schema, result_schema: null, description: "one", defaults: {}, pending: 0 },
      ...{ workers: [response.body.worker_id], worker_id: expect.any(String) },
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(response.headers["location"]).toBe(`/v1/joblib/rooms/${room}/jobs/private:m:J`);
  });

  test("a registration returns 200 if the schema is equal regardless of the order of its members, and replaces description and defaults", async () => {
    const room = newRoomId();
    const first = ok(await register(room, { description: "one" }), 201);
    const { worker_id } = first;

    const defaults = { priority: 3 };
    const again = await register(room, { schema: reordered, description: "two", defaults, worker_id });

    expect(ok(again, 200)).toMatchObject({
      ...{ id: first.id, description: "two", defaults, worker_id, workers: [worker_id] },
    });
    expect(ok(await readJob(room))).toMatchObject({ description: "two", defaults });
  });

  test("a registration without a worker_id creates another worker", async () => {
    const room = newRoomId();
    const first = ok(await register(room), 201);

    const second = ok(await register(room), 200);

    expect(second.workers.toSorted()).toEqual([first.worker_id, second.worker_id].toSorted());
    expect(second.worker_id).not.toBe(first.worker_id);
  });

  test("a registration returns 409 with a diff if a schema differs, and creates no worker", async () => {
    const room = newRoomId();
    api.grant("cat", room, "read", "write");
    ok(await register(room, {}, "cat"), 201);

    const other = await register(room, { schema: { type: "object" } }, "cat");
    const result = await register(room, { result_schema: { type: "number" } }, "cat");

    expect(expectProblem(other, "schema-conflict").diff).toEqual([{ op: "remove", path: "/properties" }]);
    expect(expectProblem(result, "schema-conflict").diff).toEqual([
      { op: "replace", path: "/result_schema", value: { type: "number" } },
    ]);
    expect(ok(await api.as("cat").get("/workers")).total).toBe(1);
  });

  test("a registration returns 201 to one of several concurrent requests and 200 to the other requests", async () => {
    const room = newRoomId();

    const responses = await Promise.all(Array.from({ length: 8 }, () => register(room)));

    expect(responses.map(({ status }) => status).toSorted()).toEqual([...Array(7).fill(200), 201]);
  });

  test("a registration returns 409 to one of two concurrent requests with different schemas", async () => {
    const room = newRoomId();

    const responses = await Promise.all([register(room), register(room, { schema: {} })]);

    expect(responses.map(({ status }) => status).toSorted()).toEqual([201, 409]);
  });

  test("a registration keeps unknown schema keywords, and accepts another schema after the job was removed", async () => {
    const room = newRoomId();
    const strange = { type: "object", "x-widget": { a: [1] } };
    const first = ok(await register(room, { schema: strange }), 201);
    expect(ok(await readJob(room)).schema).toEqual(strange);

    ok(await api.as("wes").delete(`/workers/${first.worker_id}`), 204);

    expectProblem(await readJob(room), "job-not-found");
    expect(ok(await register(room), 201).id).not.toBe(first.id);
  });

  test.each([
    ["schema_ instead of schema", { schema: undefined, schema_: schema }, schema],
    ["schema and schema_", { schema, schema_: schema }, schema],
    ["schema and another schema_", { schema, schema_: { type: "object" } }, schema],
    ["neither schema nor schema_", { schema: undefined }, {}],
    ["a worker_id of null", { worker_id: null }, schema],
  ])("a registration with %s is accepted, as ZnDraw's server accepts it", async (_, body, stored) => {
    const room = newRoomId();

    const response = ok(await register(room, body), 201);

    expect(response.schema).toEqual(stored);
    expect(response).not.toHaveProperty("schema_");
    expect(response.workers).toEqual([response.worker_id]);
    expect(ok(await readJob(room)).schema).toEqual(stored);
  });

  test("a registration with schema_ is compared with the schema that another worker registered", async () => {
    const room = newRoomId();
    const first = ok(await register(room), 201);

    const same = await register(room, { schema: undefined, schema_: reordered });
    const other = await register(room, { schema: undefined, schema_: { type: "object" } });

    expect(ok(same, 200).id).toBe(first.id);
    expectProblem(other, "schema-conflict");
  });

  test.each([
    ["an invalid category", { category: "a b" }, "invalid-category"],
    ["an empty category", { category: "" }, "invalid-category"],
    ["an invalid name", { name: "a:b" }, "validation-error"],
    ["a schema that is not an object", { schema: 1 }, "validation-error"],
    ["a schema of null", { schema: null }, "validation-error"],
    ["a schema of null next to a schema_", { schema: null, schema_: {} }, "validation-error"],
    ["a schema_ that is not an object", { schema: undefined, schema_: [] }, "validation-error"],
    ["a schema_ of null", { schema: undefined, schema_: null }, "validation-error"],
    [
      "a schema_ that is not a JSON Schema",
      { schema: undefined, schema_: { type: "x" } },
      "validation-error",
    ],
    ["a schema that is not a JSON Schema", { schema: { type: "nonsense" } }, "validation-error"],
    ["a result schema that is not a JSON Schema", { result_schema: { type: 1 } }, "validation-error"],
    ["an unknown worker", { worker_id: UNKNOWN_ID }, "worker-not-found"],
    ["a worker_id that is not a UUID", { worker_id: "no-uuid" }, "worker-not-found"],
    ["invalid defaults", { defaults: { priority: 101 } }, "validation-error"],
  ] as const)("a registration with %s is rejected", async (_, body, id) => {
    const room = newRoomId();

    expectProblem(await register(room, body), id);
    expectProblem(await readJob(room), "job-not-found");
  });

  test("a registration returns pointers to errors below /schema and /result_schema", async () => {
    const pointers = getErrorPointers(
      await register(newRoomId(), { schema: { type: "nonsense" }, result_schema: { pattern: 1 } }),
    );

    expect(pointers).toContainEqual(expect.stringMatching(/^\/schema\/type/));
    expect(pointers).toContainEqual(expect.stringMatching(/^\/result_schema\/pattern/));
  });

  test("a registration is forbidden if the worker belongs to another user, and in @global unless the user is an admin", async () => {
    const room = newRoomId();
    const { worker_id } = ok(await register(room), 201);

    expectProblem(await register(room, { worker_id }, "ann"), "forbidden");
    expectProblem(await register("@global"), "forbidden");
    expect(ok(await register("@global", { name: "G" }, "root"), 201).full_name).toBe("public:m:G");
  });
});

test("a registration is rejected if allowed_categories does not contain its category", async () => {
  const server = await openApi({ orm: api.orm, settings: { allowedCategories: ["m"] } });
  const put = (category: string) =>
    server.as("wes").put(`/rooms/${newRoomId()}/jobs`, { body: { category, name: "J", schema } });

  expectProblem(await put("other"), "invalid-category");
  ok(await put("m"), 201);
  await server.close();
});
