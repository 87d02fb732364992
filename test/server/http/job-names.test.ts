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

describe("job names in a room", () => {
  test.each([
    "public:modifiers:Rotate",
    "@global:modifiers:Rotate",
  ])("the job name %s in a room refers to the public job", async (jobName) => {
    expect(ok(await read("lab", jobName))).toMatchObject({
      ...{ id: globalId, room_id: "@global", full_name: "public:modifiers:Rotate" },
    });
    expect(ok(await submit("lab", jobName), 202)).toMatchObject({
      ...{ job_name: "public:modifiers:Rotate", room_id: "lab" },
    });
  });

  test.each([
    "private:modifiers:Rotate",
    "lab:modifiers:Rotate",
  ])("the job name %s in a room refers to the room's own job", async (jobName) => {
    expect(ok(await read("lab", jobName))).toMatchObject({
      id: labId,
      full_name: "private:modifiers:Rotate",
    });
    expect(ok(await submit("lab", jobName), 202).job_name).toBe("private:modifiers:Rotate");
  });

  test.each([
    "other:modifiers:Rotate",
    "public:modifiers:None",
    "private:selections:Rotate",
  ])("the job name %s in a room is not found", async (jobName) => {
    expectProblem(await read("lab", jobName), "job-not-found");
    expectProblem(await submit("lab", jobName), "job-not-found");
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
  ])("the text %j is not a valid job name", async (jobName) => {
    expectProblem(await read("lab", jobName), "invalid-job-name");
    expectProblem(await submit("lab", jobName), "invalid-job-name");
    const body = { tasks: [{ job_name: jobName }] };
    expectProblem(await api.as("ann").post("/rooms/lab/tasks", { body }), "invalid-job-name");
  });
});

test("@global contains public jobs and no private jobs", async () => {
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
])("the text %j is a valid room id", async (room) => {
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
])("the text %j is not a valid room id", async (room) => {
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

test.each([
  "A-Z_a.z-09",
  ".",
  "..",
  "c".repeat(128),
])("the text %j is a valid category and a valid name of a job", async (part) => {
  const room = newRoomId();
  const body = { category: part, name: part, schema: {} };

  const job = ok(await api.as("wes").put(`/rooms/${room}/jobs`, { body }), 201);

  expect(ok(await api.as("wes").get(`/rooms/${room}/jobs/private:${part}:${part}`)).id).toBe(job.id);
});

test("job names contain the room id if the setting job_name_style is “room”", async () => {
  const rooms = await openApi({ orm: api.orm, settings: { job_name_style: "room" } });
  const own = await rooms.registerJob("room_123", { name });
  const global = await rooms.registerJob("@global", { name }, "root");

  expect(own.full_name).toBe("room_123:modifiers:Rotate");
  expect(global.full_name).toBe("@global:modifiers:Rotate");
  expect((await rooms.submit("room_123", own.full_name)).job_name).toBe(own.full_name);
  expect((await rooms.submit("room_123", "public:modifiers:Rotate")).job_name).toBe(global.full_name);
  await rooms.close();
});
