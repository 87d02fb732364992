import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const countTasks = async (room: string) => ok(await api.as("ann").get(`/rooms/${room}/tasks`)).total;

describe("submission of several tasks", () => {
  test("a submission of several tasks returns 202 with all tasks in request order", async () => {
    const room = newRoomId();
    const [own, global] = [await api.registerJob(room), await api.registerJob("@global", {}, "root")];
    const body = {
      tasks: [
        { job_name: own.full_name, payload: { n: 0 } },
        { job_name: global.full_name, payload: { n: 1 }, priority: 5 },
        { job_name: own.full_name, delay_seconds: 60 },
      ],
    };

    const { tasks } = ok(await api.as("ann").post(`/rooms/${room}/tasks`, { body }), 202);

    expect(tasks).toMatchObject([
      { job_name: own.full_name, payload: { n: 0 }, workers_online: 1, status: "pending" },
      { job_name: global.full_name, payload: { n: 1 }, workers_online: 1, priority: 5 },
      { job_name: own.full_name, payload: {}, room_id: room },
    ]);
    expect((await api.claim(own.worker_id)).id).toBe(tasks[0]?.id);
  });

  test("a submission of several tasks stores nothing and returns pointers if some payloads are invalid", async () => {
    const room = newRoomId();
    const job = await api.registerJob(room, { schema: { properties: { n: { type: "number" } } } });
    const tasks = [{ n: 1 }, { n: "x" }, { n: 2 }, { n: null }].map((payload) => ({
      ...{ job_name: job.full_name, payload },
    }));

    const response = await api.as("ann").post(`/rooms/${room}/tasks`, { body: { tasks } });

    expect(getErrorPointers(response)).toEqual(["/tasks/1/payload/n", "/tasks/3/payload/n"]);
    expect(await countTasks(room)).toBe(0);
  });

  test("a submission of several tasks stores nothing if a job is unknown or an option is invalid", async () => {
    const room = newRoomId();
    const job = await api.registerJob(room);
    const send = (second: object) =>
      api.as("ann").post(`/rooms/${room}/tasks`, { body: { tasks: [{ job_name: job.full_name }, second] } });

    expectProblem(await send({ job_name: "private:modifiers:None" }), "job-not-found");
    expectProblem(await send({ job_name: "nonsense" }), "invalid-job-name");
    const bad = await send({ job_name: job.full_name, priority: 101 });
    expect(getErrorPointers(bad)).toEqual(["/tasks/1/priority"]);
    const late = await send({ job_name: job.full_name, run_at: "2999-01-01T00:00:00Z" });
    expect(getErrorPointers(late)).toEqual(["/tasks/1/run_at"]);
    expect(await countTasks(room)).toBe(0);
  });

  test("a submission of several tasks accepts 1 to 1,000 tasks", async () => {
    const room = newRoomId();
    const job = await api.registerJob(room);
    const send = (count: number) =>
      api.as("ann").post(`/rooms/${room}/tasks`, {
        body: { tasks: Array.from({ length: count }, () => ({ job_name: job.full_name })) },
      });

    expect(ok(await send(1000), 202).tasks).toHaveLength(1000);
    expectProblem(await send(1001), "validation-error");
    expectProblem(await send(0), "validation-error");
    expect(await countTasks(room)).toBe(1000);
  });
});
