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

type Submits = SubmitBatch["submits"];

const send = (room: string, submits: Submits, headers: Record<string, string> = {}) =>
  api.as("ann").post(`/rooms/${room}/submits`, { body: { submits }, headers });

const results = async (room: string, submits: Submits) =>
  operations.submitBatch.responses[200].parse(ok(await send(room, submits))).results;

const aNumberJob = (room: string) =>
  api.registerJob(room, { schema: { properties: { n: { type: "number" } } } });

describe("many submits in one request", () => {
  test("are each by itself: what does not fit holds up no other, and is told as if it had come alone", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await aNumberJob(room);

    const got = await results(room, [
      { job_name, payload: { n: 0 } },
      { job_name, payload: { n: "x" } },
      { job_name: "private:modifiers:Nothing" },
      { job_name: "nonsense" },
      { job_name, payload: { n: 4 }, priority: 7 },
    ]);

    expect(got).toMatchObject([
      { task: { payload: { n: 0 }, status: "pending" } },
      { problem: { status: 422, errors: [{ pointer: "/payload/n" }] } },
      { problem: { status: 404, type: "/v1/problems/job-not-found" } },
      { problem: { status: 404, type: "/v1/problems/invalid-job-name" } },
      { task: { payload: { n: 4 }, priority: 7 } },
    ]);
    expect(ok(await api.as("ann").get(`/rooms/${room}/tasks`)).total).toBe(2);
  });

  test("are the same tasks when they come again with their keys, also one of them alone", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await api.registerJob(room);
    const submits = [1, 2, 3].map((n) => ({ job_name, payload: { n }, idempotency_key: `${room}-${n}` }));

    const [first, again] = [await results(room, submits), await results(room, submits)];
    const alone = await api.as("ann").post(`/rooms/${room}/tasks/${job_name}`, {
      body: { payload: { n: 2 } },
      headers: { "idempotency-key": `${room}-2` },
    });
    const other = await results(room, [{ job_name, payload: { n: 9 }, idempotency_key: `${room}-1` }]);

    const ids = (all: typeof first) => all.map((one) => ("task" in one ? one.task.id : "problem"));
    expect(ids(again)).toEqual(ids(first));
    expect(ok(alone).id).toBe(ids(first)[1]);
    expect(other).toMatchObject([{ problem: { type: "/v1/problems/idempotency-conflict" } }]);
  });

  test("with one that cannot even be read are none of them, and say which", async () => {
    const room = newRoomId();
    const { full_name: job_name } = await api.registerJob(room);

    const answer = await send(room, [{ job_name }, { job_name, priority: 1000 }]);

    expect(getErrorPointers(answer)).toEqual(["/submits/1/priority"]);
    expectProblem(await send(room, []), "validation-error");
  });

  test("answered briefly tell once what new tasks share, and whole what has something of its own", async () => {
    const room = newRoomId();
    const { full_name: job_name, worker_id } = await aNumberJob(room);
    const known = { job_name, payload: { n: 0 }, idempotency_key: `${room}-0` };
    await results(room, [known]);
    await api.claim(worker_id, { start: true });

    const answer = await send(
      room,
      [{ job_name, payload: { n: 1 } }, known, { job_name, payload: { n: "x" } }, { job_name, priority: 2 }],
      { prefer: "return=minimal" },
    );

    const { common, results: got } = operations.submitBatch.minimal[200].parse(ok(answer));
    const [first, second, third, fourth] = got;
    expect(Object.keys(first ?? {})).toEqual(["id"]);
    expect(second).toMatchObject({ task: { status: "running", payload: { n: 0 } } });
    expect(third).toMatchObject({ problem: { status: 422 } });
    expect(fourth).toMatchObject({ task: { priority: 2 } });
    const read = await api.readTask((first as Pick<SubmittedTask, "id">).id);
    const { queue_position: _, ...kept } = read;
    expect({ ...common, id: read.id, payload: { n: 1 } }).toMatchObject(kept);
  });
});
