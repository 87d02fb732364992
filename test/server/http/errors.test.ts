import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROBLEM_IDS } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok } from "./responses.ts";

const UNKNOWN_ID = "01900000-0000-7000-8000-000000000000";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

describe("problem documents", () => {
  test.each([
    ["/v1/joblib/nowhere", "route-not-found"],
    ["/v1/joblib/", "route-not-found"],
    ["/v1/joblib/tasks/not-a-uuid", "task-not-found"],
    [`/v1/joblib/tasks/${UNKNOWN_ID}`, "task-not-found"],
    ["/v1/joblib/rooms/a%20b/jobs", "invalid-room-id"],
    ["/v1/joblib/rooms/a/jobs/Rotate", "invalid-job-name"],
    ["/v1/joblib/rooms/a/jobs/other:x:y", "job-not-found"],
    ["/v1/joblib/rooms/a/jobs?limit=501", "validation-error"],
    ["/v1/joblib/rooms/a/jobs?offset=-1", "validation-error"],
    ["/v1/joblib/rooms/a/tasks?status=done", "validation-error"],
    ["/v1/problems/no-such", "route-not-found"],
  ] as const)("the request GET %s returns the problem %s", async (url, id) => {
    expectProblem(await api.send("GET", url, { headers: { "x-user": "ann" } }), id);
  });

  test.each([
    ["POST", "/v1/joblib/rooms/a/jobs", "PUT, GET, HEAD"],
    ["DELETE", "/v1/joblib/tasks/claim", "POST, GET, HEAD, PATCH"],
    ["PUT", "/v1/joblib/workers", "POST, GET, HEAD"],
    ["POST", "/v1/problems", "GET, HEAD"],
  ] as const)("the request %s %s returns the problem method-not-allowed with Allow: %s", async (method, url, allow) => {
    const response = await api.send(method, url);

    expectProblem(response, "method-not-allowed");
    expect(response.headers["allow"]).toBe(allow);
  });

  test("a request without credentials is unauthorized before anything else is checked", async () => {
    for (const path of ["/workers", "/rooms/public/jobs", "/tasks/no-uuid"]) {
      const response = await api.as(undefined).get(path);
      expectProblem(response, "unauthorized");
      expect(response.headers["www-authenticate"]).toBe("Bearer");
    }
  });

  test("every operation returns worker-not-found for an unknown worker id", async () => {
    for (const id of [UNKNOWN_ID, "no-uuid"]) {
      const path = `/workers/${id}`;
      expectProblem(await api.as("wes").patch(path), "worker-not-found");
      expectProblem(await api.as("wes").delete(path), "worker-not-found");
      expectProblem(await api.as("wes").post(`${path}/release`, { body: { tasks: [] } }), "worker-not-found");
      expectProblem(await api.as("wes").post(`${path}/claims`, { body: { limit: 1 } }), "worker-not-found");
      const updates = [{ id: UNKNOWN_ID, status: "running" }];
      expectProblem(await api.as("wes").patch(`${path}/tasks`, { body: { updates } }), "worker-not-found");
      const claim = await api.as("wes").post("/tasks/claim", { body: { worker_id: id } });
      expectProblem(claim, "worker-not-found");
    }
  });

  test("the catalogue of problems is public", async () => {
    const list = ok(await api.send("GET", "/v1/problems"));

    expect(list.items.map(({ id }) => id)).toEqual(PROBLEM_IDS);
    expect(ok(await api.send("GET", "/v1/problems/task-lost"))).toEqual({
      ...{ id: "task-lost", type: "/v1/problems/task-lost", status: 409, title: expect.any(String) },
    });
  });

  test("a HEAD request returns the status of GET without a body", async () => {
    const headers = { "x-user": "ann" };

    const { status, text } = await api.send("HEAD", "/v1/joblib/rooms/a/jobs", { headers });

    expect({ status, text }).toEqual({ status: 200, text: "" });
  });
});

test("an unexpected error returns a 500 with the request id and without details", async () => {
  const broken = await openApi({
    orm: api.orm,
    host: (app) => {
      app.addHook("preHandler", async () => {
        throw new Error("select * from /etc/passwd");
      });
    },
  });

  const response = await broken.as("ann").get("/workers");

  const { instance } = expectProblem(response, "internal-error");
  expect(instance).toMatch(/./);
  expect(response.text).not.toMatch(/passwd|select|errors\.test|node_modules/);
  await broken.close();
});

test("a body whose content-length is too large is rejected before it is read", async () => {
  const { port } = new URL(await api.app.listen({ port: 0, host: "127.0.0.1" }));
  const socket = connect(Number(port), "127.0.0.1");
  const lines = [
    ...["PUT /v1/joblib/rooms/a/jobs HTTP/1.1", "host: x", "x-user: ann"],
    ...["content-type: application/json", "content-length: 100000000", "", "{"],
  ];
  socket.write(lines.join("\r\n"));

  const text = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));

  expect(text).toMatch(/^HTTP\/1.1 413/);
  expect(text).toContain("/v1/problems/payload-too-large");
  socket.destroy();
});
