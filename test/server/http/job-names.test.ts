import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newJobName, newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
const name = "Rotate";
let globalId = "";
let labId = "";
beforeAll(async () => {
  api = await openApi();
  globalId = (await api.registerJob("@global", { name }, "root")).id;
  labId = (await api.registerJob("lab", { name })).id;
  await api.registerJob("other", { name });
});
afterAll(() => api.close());

const read = (room: string, jobName: string) =>
  api.as("ann").get(`/rooms/${room}/jobs/${encodeURIComponent(jobName)}`);
const submit = (room: string, jobName: string) =>
  api.as("ann").post(`/rooms/${room}/tasks/${encodeURIComponent(jobName)}`);

describe("asked in a room", () => {
  test.each([
    "public:modifiers:Rotate",
    "@global:modifiers:Rotate",
  ])("%s is the global job", async (asked) => {
    expect(ok(await read("lab", asked))).toMatchObject({
      ...{ id: globalId, room_id: "@global", full_name: "public:modifiers:Rotate" },
    });
    expect(ok(await submit("lab", asked), 202)).toMatchObject({
      ...{ job_name: "public:modifiers:Rotate", room_id: "lab" },
    });
  });

  test.each([
    "private:modifiers:Rotate",
    "lab:modifiers:Rotate",
  ])("%s is the room's own job", async (asked) => {
    expect(ok(await read("lab", asked))).toMatchObject({ id: labId, full_name: "private:modifiers:Rotate" });
    expect(ok(await submit("lab", asked), 202).job_name).toBe("private:modifiers:Rotate");
  });

  test.each([
    "other:modifiers:Rotate",
    "public:modifiers:None",
    "private:selections:Rotate",
  ])("%s is not found", async (asked) => {
    expectProblem(await read("lab", asked), "job-not-found");
    expectProblem(await submit("lab", asked), "job-not-found");
  });

  test.each([
    "Rotate",
    "a:b",
    "a:b:c:d",
    ":x:y",
    "public::y",
    "public:x:",
    "public:a b:c",
    "a b:x:y",
    "public:x:ä",
  ])("%j is no job's name", async (asked) => {
    expectProblem(await read("lab", asked), "invalid-job-name");
    expectProblem(await submit("lab", asked), "invalid-job-name");
    const body = { tasks: [{ job_name: asked }] };
    expectProblem(await api.as("ann").post("/rooms/lab/tasks", { body }), "invalid-job-name");
  });
});

test("in @global there are no private jobs, only global ones", async () => {
  expect(ok(await read("@global", "public:modifiers:Rotate")).id).toBe(globalId);
  expect(ok(await read("@global", "@global:modifiers:Rotate")).id).toBe(globalId);
  expectProblem(await read("@global", "private:modifiers:Rotate"), "job-not-found");
  expectProblem(await read("@global", "lab:modifiers:Rotate"), "job-not-found");
});

test.each([
  "räume",
  "日本",
  "a.b",
  "..a",
  "-",
  "%",
  "r".repeat(128),
  "😀",
])("%j can be a room", async (room) => {
  const path = `/rooms/${encodeURIComponent(room)}`;
  const body = { category: "modifiers", name: newJobName(), schema: {} };

  expect(ok(await api.as("wes").put(`${path}/jobs`, { body }), 201).room_id).toBe(room);
  expect(ok(await api.as("wes").get(`${path}/jobs/private:modifiers:${body.name}`)).room_id).toBe(room);
});

test.each([
  "public",
  "private",
  "@x",
  "@Global",
  "a:b",
  "a b",
  "a/b",
  "a\tb",
  "a\u00a0b",
  "\u0001",
  "r".repeat(129),
])("%j is no room", async (room) => {
  const path = `/rooms/${encodeURIComponent(room)}`;
  const body = { category: "modifiers", name: newJobName(), schema: {} };

  for (const what of ["jobs", "workers", "tasks"]) {
    expectProblem(await api.as("ann").get(`${path}/${what}`), "invalid-room-id");
  }
  expectProblem(await api.as("wes").put(`${path}/jobs`, { body }), "invalid-room-id");
  expectProblem(await api.as("ann").post(`${path}/tasks/public:modifiers:Rotate`), "invalid-room-id");
  expectProblem(
    await api.as("ann").post(`${path}/tasks`, { body: { tasks: [{ job_name: "public:modifiers:Rotate" }] } }),
    "invalid-room-id",
  );
});

test.each(["A-Z_a.z-09", ".", "..", "c".repeat(128)])("%j can be a category and a name", async (part) => {
  const room = newRoomId();
  const body = { category: part, name: part, schema: {} };

  const job = ok(await api.as("wes").put(`/rooms/${room}/jobs`, { body }), 201);

  expect(ok(await api.as("wes").get(`/rooms/${room}/jobs/private:${part}:${part}`)).id).toBe(job.id);
});

test("set to the room's style, names are answered with the room's own name", async () => {
  const rooms = await openApi({ orm: api.orm, settings: { job_name_style: "room" } });
  const own = await rooms.registerJob("room_123", { name });
  const global = await rooms.registerJob("@global", { name }, "root");

  expect(own.full_name).toBe("room_123:modifiers:Rotate");
  expect(global.full_name).toBe("@global:modifiers:Rotate");
  expect((await rooms.submit("room_123", own.full_name)).job_name).toBe(own.full_name);
  expect((await rooms.submit("room_123", "public:modifiers:Rotate")).job_name).toBe(global.full_name);
  await rooms.close();
});
