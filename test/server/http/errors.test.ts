import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROBLEM_IDS } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { expectProblem, ok } from "./responses.ts";

const NOBODYS = "01900000-0000-7000-8000-000000000000";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

describe("every error is a problem document", () => {
  test.each([
    ["/v1/joblib/nowhere", "route-not-found"],
    ["/v1/joblib/", "route-not-found"],
    ["/v1/joblib/tasks/not-a-uuid", "task-not-found"],
    [`/v1/joblib/tasks/${NOBODYS}`, "task-not-found"],
    ["/v1/joblib/rooms/a%20b/jobs", "invalid-room-id"],
    ["/v1/joblib/rooms/a/jobs/Rotate", "invalid-job-name"],
    ["/v1/joblib/rooms/a/jobs/other:x:y", "job-not-found"],
    ["/v1/joblib/rooms/a/jobs?limit=501", "validation-error"],
    ["/v1/joblib/rooms/a/jobs?offset=-1", "validation-error"],
    ["/v1/joblib/rooms/a/tasks?status=done", "validation-error"],
    ["/v1/problems/no-such", "route-not-found"],
  ] as const)("GET %s is %s", async (url, id) => {
    expectProblem(await api.send("GET", url, { headers: { "x-user": "ann" } }), id);
  });

  test.each([
    ["POST", "/v1/joblib/rooms/a/jobs", "PUT, GET, HEAD"],
    ["DELETE", "/v1/joblib/tasks/claim", "POST, GET, HEAD, PATCH"],
    ["PUT", "/v1/joblib/workers", "POST, GET, HEAD"],
    ["POST", "/v1/problems", "GET, HEAD"],
  ] as const)("%s %s is method-not-allowed, with Allow: %s", async (method, url, allow) => {
    const answer = await api.send(method, url);

    expectProblem(answer, "method-not-allowed");
    expect(answer.headers["allow"]).toBe(allow);
  });

  test("nobody is asked to say who he is, before anything else", async () => {
    for (const path of ["/workers", "/rooms/public/jobs", "/tasks/no-uuid"]) {
      const answer = await api.as(undefined).get(path);
      expectProblem(answer, "unauthorized");
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
    }
  });

  test("a worker's id that is none is worker-not-found, by whatever operation", async () => {
    for (const id of [NOBODYS, "nobody"]) {
      const path = `/workers/${id}`;
      expectProblem(await api.as("wes").patch(path), "worker-not-found");
      expectProblem(await api.as("wes").delete(path), "worker-not-found");
      expectProblem(await api.as("wes").post(`${path}/release`, { body: { tasks: [] } }), "worker-not-found");
      expectProblem(await api.as("wes").post(`${path}/claims`, { body: { limit: 1 } }), "worker-not-found");
      const updates = [{ id: NOBODYS, status: "running" }];
      expectProblem(await api.as("wes").patch(`${path}/tasks`, { body: { updates } }), "worker-not-found");
      const claim = await api.as("wes").post("/tasks/claim", { body: { worker_id: id } });
      expectProblem(claim, "worker-not-found");
    }
  });

  test("the catalogue is open to everybody", async () => {
    const list = ok(await api.send("GET", "/v1/problems"));

    expect(list.items.map(({ id }) => id)).toEqual(PROBLEM_IDS);
    expect(ok(await api.send("GET", "/v1/problems/task-lost"))).toEqual({
      ...{ id: "task-lost", type: "/v1/problems/task-lost", status: 409, title: expect.any(String) },
    });
  });

  test("HEAD answers as GET, without the body", async () => {
    const headers = { "x-user": "ann" };

    const { status, text } = await api.send("HEAD", "/v1/joblib/rooms/a/jobs", { headers });

    expect({ status, text }).toEqual({ status: 200, text: "" });
  });
});

test("a bug is a 500 with the request's id, and says nothing of itself", async () => {
  const broken = await openApi({
    orm: api.orm,
    host: (app) => {
      app.addHook("preHandler", async () => {
        throw new Error("select * from /etc/passwd");
      });
    },
  });

  const answer = await broken.as("ann").get("/workers");

  const { instance } = expectProblem(answer, "internal-error");
  expect(instance).toMatch(/./);
  expect(answer.text).not.toMatch(/passwd|select|errors\.test|node_modules/);
  await broken.close();
});

test("a body that announces too much is refused before it is read", async () => {
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
