import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operations, type SubmitBatch, type SubmittedTask } from "../../../protocol/index.ts";
import { type Api, openApi } from "./api.ts";
import { newRoomId } from "./fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "./responses.ts";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

type Submits = SubmitBatch["submissions"];

const send = (room: string, submits: Submits, headers: Record<string, string> = {}) =>
  api.as("ann").post(`/rooms/${room}/submissions`, { body: { submissions: submits }, headers });

const results = async (room: string, submits: Submits) =>
  operations.submitBatch.responses[200].parse(ok(await send(room, submits))).results;

const createNumberJob = (room: string) =>
  api.registerJob(room, { schema: { properties: { n: { type: "number" } } } });

describe("batch of submissions", () => {
  test("a batch of submissions returns a result for each call, so that an invalid call does not affect the other calls", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await createNumberJob(room);

    const batch = await results(room, [
      { job_name, payload: { n: 0 } },
      { job_name, payload: { n: "x" } },
      { job_name: "private:modifiers:Nothing" },
      { job_name: "nonsense" },
      { job_name, payload: { n: 4 }, priority: 7 },
    ]);

    expect(batch).toMatchObject([
      { task: { payload: { n: 0 }, status: "pending" } },
      { problem: { status: 422, errors: [{ pointer: "/payload/n" }] } },
      { problem: { status: 404, type: "/v1/problems/job-not-found" } },
      { problem: { status: 404, type: "/v1/problems/invalid-job-name" } },
      { task: { payload: { n: 4 }, priority: 7 } },
    ]);
    expect(ok(await api.as("ann").get(`/rooms/${room}/tasks`)).total).toBe(2);
  });

  test("a batch of submissions, or a single submission, returns the existing task if it repeats an idempotency key", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await api.registerJob(room);
    const submits = [1, 2, 3].map((n) => ({ job_name, payload: { n }, idempotency_key: `${room}-${n}` }));

    const [first, second] = [await results(room, submits), await results(room, submits)];
    const single = await api.as("ann").post(`/rooms/${room}/tasks/${job_name}`, {
      body: { payload: { n: 2 } },
      headers: { "idempotency-key": `${room}-2` },
    });
    const other = await results(room, [{ job_name, payload: { n: 9 }, idempotency_key: `${room}-1` }]);

    const ids = (all: typeof first) => all.map((one) => ("task" in one ? one.task.id : "problem"));
    expect(ids(second)).toEqual(ids(first));
    expect(ok(single).id).toBe(ids(first)[1]);
    expect(other).toMatchObject([{ problem: { type: "/v1/problems/idempotency-conflict" } }]);
  });

  test("a batch of submissions is rejected as a whole, with a pointer to the error, if one submission is malformed", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await api.registerJob(room);

    const response = await send(room, [{ job_name }, { job_name, priority: 1000 }]);

    expect(getErrorPointers(response)).toEqual(["/submissions/1/priority"]);
    expectProblem(await send(room, []), "validation-error");
  });

  test("a batch of submissions has a minimal response that contains common members once and differing tasks in full", async () => {
    const room = newRoomId();
    const { full_name: job_name, worker_id } = await createNumberJob(room);
    const repeated = { job_name, payload: { n: 0 }, idempotency_key: `${room}-0` };
    await results(room, [repeated]);
    await api.claim(worker_id, { start: true });

    const response = await send(
      room,
      [
        { job_name, payload: { n: 1 } },
        repeated,
        { job_name, payload: { n: "x" } },
        { job_name, priority: 2 },
      ],
      { prefer: "return=minimal" },
    );

    const { common, results: batch } = operations.submitBatch.minimal[200].parse(ok(response));
    const [first, second, third, fourth] = batch;
    expect(Object.keys(first ?? {})).toEqual(["id"]);
    expect(second).toMatchObject({ task: { status: "running", payload: { n: 0 } } });
    expect(third).toMatchObject({ problem: { status: 422 } });
    expect(fourth).toMatchObject({ task: { priority: 2 } });
    const stored = await api.readTask((first as Pick<SubmittedTask, "id">).id);
    const { queue_position: _, ...fields } = stored;
    expect({ ...common, id: stored.id, payload: { n: 1 } }).toMatchObject(fields);
  });
});
