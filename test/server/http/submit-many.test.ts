import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, aRoom, expectProblem, ok, openApi } from "./api.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const post = (room: string, jobName: string, body: unknown, key: string, user = "ann") =>
  api.as(user).post(`/rooms/${room}/tasks/${jobName}`, { body, headers: { "idempotency-key": key } });
const totalOf = async (room: string) => ok(await api.as("ann").get(`/rooms/${room}/tasks`)).total;

describe("with an Idempotency-Key", () => {
  test("the same request gives the task that the first one made, as it stands, 200", async () => {
    const room = aRoom();
    const job = await api.registerJob(room);
    const first = ok(await post(room, job.full_name, { payload: { a: 1, b: 2 } }, "k"), 202);
    await api.claim(job.worker_id, { start: true });

    const answer = await post(room, job.full_name, { payload: { b: 2, a: 1 } }, "k");

    expect(ok(answer, 200)).toMatchObject({ id: first.id, status: "running" });
    expect(answer.headers["location"]).toBe(`/v1/joblib/tasks/${first.id}`);
    expect(await totalOf(room)).toBe(1);
  });

  test("many at once make one task", async () => {
    const room = aRoom();
    const job = await api.registerJob(room);

    const answers = await Promise.all(Array.from({ length: 8 }, () => post(room, job.full_name, {}, "k")));

    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(7).fill(200), 202]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await totalOf(room)).toBe(1);
  });

  test("another body or another job is 422 idempotency-conflict", async () => {
    const room = aRoom();
    const [job, other] = [await api.registerJob(room), await api.registerJob(room)];
    ok(await post(room, job.full_name, { payload: { a: 1 } }, "k"), 202);

    expectProblem(await post(room, job.full_name, { payload: { a: 2 } }, "k"), "idempotency-conflict");
    expectProblem(await post(room, other.full_name, { payload: { a: 1 } }, "k"), "idempotency-conflict");
    expectProblem(
      await post(room, job.full_name, { payload: { a: 1 }, priority: 1 }, "k"),
      "idempotency-conflict",
    );
    expect(await totalOf(room)).toBe(1);
  });

  test("it is scoped to the user and to the room", async () => {
    const [room, other] = [aRoom(), aRoom()];
    const job = await api.registerJob("@global", {}, "root");

    const answers = [
      ok(await post(room, job.full_name, {}, "k"), 202),
      ok(await post(other, job.full_name, {}, "k"), 202),
      ok(await post(room, job.full_name, {}, "k", "wes"), 202),
    ];

    expect(new Set(answers.map(({ id }) => id)).size).toBe(3);
  });

  test("it is answered even when its job is gone since", async () => {
    const room = aRoom();
    const job = await api.registerJob(room);
    const { id } = ok(await post(room, job.full_name, {}, "k"), 202);
    ok(await api.as("ann").patch(`/tasks/${id}`, { body: { status: "cancelled" } }));
    ok(await api.as("wes").delete(`/workers/${job.worker_id}`), 204);

    expect(ok(await post(room, job.full_name, {}, "k"), 200)).toMatchObject({ id, status: "cancelled" });
  });

  test("its bounds are 1 and 255 characters", async () => {
    const room = aRoom();
    const job = await api.registerJob(room);

    ok(await post(room, job.full_name, {}, "k".repeat(255)), 202);
    ok(await post(room, job.full_name, {}, "k"), 202);
    expectProblem(await post(room, job.full_name, {}, "k".repeat(256)), "validation-error");
    expectProblem(await post(room, job.full_name, {}, ""), "validation-error");
  });
});

describe("submitting many", () => {
  test("is 202 with all of them, in their order", async () => {
    const room = aRoom();
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
    expect((await api.claim(own.worker_id)).id).toBe(tasks[0].id);
  });

  test("is all or none, with pointers to what does not fit", async () => {
    const room = aRoom();
    const job = await api.registerJob(room, { schema: { properties: { n: { type: "number" } } } });
    const tasks = [{ n: 1 }, { n: "x" }, { n: 2 }, { n: null }].map((payload) => ({
      ...{ job_name: job.full_name, payload },
    }));

    const answer = await api.as("ann").post(`/rooms/${room}/tasks`, { body: { tasks } });

    const pointers = expectProblem(answer, "validation-error").errors.map(
      ({ pointer }: { pointer: string }) => pointer,
    );
    expect(pointers).toEqual(["/tasks/1/payload/n", "/tasks/3/payload/n"]);
    expect(await totalOf(room)).toBe(0);
  });

  test("with an unknown job or a bad option, nothing is kept", async () => {
    const room = aRoom();
    const job = await api.registerJob(room);
    const send = (second: object) =>
      api.as("ann").post(`/rooms/${room}/tasks`, { body: { tasks: [{ job_name: job.full_name }, second] } });

    expectProblem(await send({ job_name: "private:modifiers:None" }), "job-not-found");
    expectProblem(await send({ job_name: "nonsense" }), "invalid-job-name");
    const bad = expectProblem(await send({ job_name: job.full_name, priority: 101 }), "validation-error");
    expect(bad.errors[0].pointer).toBe("/tasks/1/priority");
    const late = await send({ job_name: job.full_name, run_at: "2999-01-01T00:00:00Z" });
    expect(expectProblem(late, "validation-error").errors[0].pointer).toBe("/tasks/1/run_at");
    expect(await totalOf(room)).toBe(0);
  });

  test("takes 1,000 at most, and one at least", async () => {
    const room = aRoom();
    const job = await api.registerJob(room);
    const send = (count: number) =>
      api.as("ann").post(`/rooms/${room}/tasks`, {
        body: { tasks: Array.from({ length: count }, () => ({ job_name: job.full_name })) },
      });

    expect(ok(await send(1000), 202).tasks).toHaveLength(1000);
    expectProblem(await send(1001), "validation-error");
    expectProblem(await send(0), "validation-error");
    expect(await totalOf(room)).toBe(1000);
  });
});
