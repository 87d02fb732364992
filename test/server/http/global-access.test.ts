import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ withInvitations: true });
});
afterAll(() => api.close());

test("every user can read @global, and only users with write access can submit to it", async () => {
  const job = await api.registerJob("@global", {}, "root");
  const path = `/rooms/@global/tasks/${job.full_name}`;

  expectProblem(await api.as("outsider").post(path), "forbidden");
  const { id } = ok(await api.as("ann").post(path), 202);
  expect(ok(await api.as("outsider").get(`/tasks/${id}`)).room_id).toBe("@global");
});

test("without authorizeRoom, every user can read and write every room, but only admins can register public jobs", async () => {
  const open = await openApi({ orm: api.orm, allowAllRooms: true });
  const room = newRoomId();

  const job = await open.registerJob(room, {}, "outsider");
  ok(await open.as("other").post(`/rooms/${room}/tasks/${job.full_name}`), 202);
  const body = { category: "m", name: "G", schema: {} };
  expectProblem(await open.as("outsider").put("/rooms/@global/jobs", { body }), "forbidden");
  expectProblem(await open.as(undefined).get(`/rooms/${room}/jobs`), "unauthorized");
  await open.close();
});
