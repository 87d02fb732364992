import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi, type RequestOptions } from "./api.ts";
import { expectProblem, ok } from "./responses.ts";

const BODY_LIMIT = 200_000;
const JOB = "private:modifiers:J";

let api: Api;
beforeAll(async () => {
  api = await openApi({ settings: { body_limit: BODY_LIMIT } });
  await api.registerJob("lab", { name: "J" });
});
afterAll(() => api.close());

const submit = (options: RequestOptions) => api.as("ann").post(`/rooms/lab/tasks/${JOB}`, options);
const createNestedBody = (levels: number) => `{"payload":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}`;

test.each([
  ["cut off", '{"payload":'],
  ["with a trailing comma", '{"payload":{},}'],
  ["with NaN", '{"payload":{"a":NaN}}'],
  ["with 1e400", '{"payload":{"a":1e400}}'],
  ["with U+0000", '{"payload":{"a":"\\u0000"}}'],
  ["with a key of U+0000", '{"payload":{"\\u0000":1}}'],
  ["with a lone high surrogate", '{"payload":{"a":"\\ud83d"}}'],
  ["with a lone low surrogate", '{"payload":{"a":"x\\ude00"}}'],
  ["with __proto__", '{"payload":{"a":[{"__proto__":{"polluted":1}}]}}'],
  ["with an escaped __proto__", '{"payload":{"\\u005f_proto__":1}}'],
  ["with a byte order mark", "\ufeff{}"],
  ["with two values", "{} {}"],
  ["that is not UTF-8", Buffer.from([0x22, 0xc3, 0x28, 0x22])],
])("the server rejects a request body %s as malformed", async (_, raw) => {
  expectProblem(await submit({ raw }), "malformed-request");
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test.each([
  ["an array", "[]"],
  ["null", "null"],
  ["200 levels deep", createNestedBody(200)],
  ["10,000 levels deep", createNestedBody(10_000)],
])("the server rejects a request body that is %s with validation-error", async (_, raw) => {
  expectProblem(await submit({ raw }), "validation-error");
});

test("the server rejects an integer that JavaScript would round, with a pointer to the integer", async () => {
  const response = await submit({ raw: '{"payload":{"a":[0,9007199254740993]}}' });

  expect(expectProblem(response, "validation-error").errors).toEqual([
    { pointer: "/payload/a/1", detail: expect.stringContaining("string") },
  ]);
});

test("the server accepts a request body of body_limit bytes and rejects a body that is one byte longer", async () => {
  const createBodyOfSize = (size: number) => `{"payload":{"a":"${"x".repeat(size - 20)}"}}`;

  ok(await submit({ raw: createBodyOfSize(BODY_LIMIT) }), 202);
  expectProblem(await submit({ raw: createBodyOfSize(BODY_LIMIT + 1) }), "payload-too-large");
});

describe("content types", () => {
  test.each([
    ["text/plain", {}],
    ["application/json; charset=utf-16", {}],
    ["application/json", { "content-encoding": "gzip" }],
  ])("the content type %s is rejected if the request has the headers %j", async (contentType, more) => {
    const headers = { "content-type": contentType, ...more };

    expectProblem(await submit({ body: {}, headers }), "unsupported-media-type");
  });

  test.each([
    "application/json",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
  ])("the content type %s is accepted", async (contentType) => {
    ok(await submit({ body: {}, headers: { "content-type": contentType } }), 202);
  });
});

test("a request body can be omitted only if the operation declares it optional", async () => {
  expect(ok(await submit({}), 202).payload).toEqual({});
  ok(await api.as("wes").post("/workers"), 201);
  expectProblem(await api.as("wes").post("/tasks/claim"), "malformed-request");
});
