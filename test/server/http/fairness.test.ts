import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi({ allowAllRooms: true });
});
afterAll(() => api.close());

test("rooms take turns if the job is registered with room fairness, and the response for the job contains its fairness", async () => {
  const [flood, calm] = [newRoomId(), newRoomId()];
  const job = await api.registerJob("@global", { fairness: "room" }, "root");
  const submitMany = (room: string, count: number) =>
    api.as("ann").post(`/rooms/${room}/tasks`, {
      body: { tasks: Array.from({ length: count }, () => ({ job_name: job.full_name })) },
    });
  ok(await submitMany(flood, 300), 202);
  ok(await submitMany(calm, 2), 202);

  const rooms: string[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    rooms.push((await api.claim(job.worker_id, { user: "root" })).room_id);
  }

  expect(rooms.toSorted()).toEqual([calm, calm, flood, flood].toSorted());
  expect(ok(await api.as("ann").get(`/rooms/@global/jobs/${job.full_name}`)).fairness).toBe("room");
});

test("the last registration determines the fairness of a job, and an unknown fairness is rejected", async () => {
  const room = newRoomId();
  const { category, name, schema } = await api.registerJob(room, { fairness: "room" });
  const register = (fairness?: string) =>
    api.as("wes").put(`/rooms/${room}/jobs`, { body: { category, name, schema, fairness } });

  expect(ok(await register()).fairness).toBeUndefined();
  expectProblem(await register("lottery"), "validation-error");
});
