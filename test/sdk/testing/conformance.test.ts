import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Task } from "../../../protocol/index.ts";
import {
  IdempotencyConflictError,
  InvalidJobNameError,
  InvalidTaskTransitionError,
  JobNotFoundError,
  SchemaConflictError,
  TaskLostError,
  TaskNotFoundError,
  ValidationError,
  WorkerNotFoundError,
} from "../../../sdk/errors.ts";
import type { JoblibClient } from "../../../sdk/http/client.ts";
import { createWorker, JOB, SERVERS, startTask } from "./servers.ts";

/**
 * The room of the current test. Each test has its own room, because all tests share the servers.
 */
let room: string;

/**
 * Returns the members of a task that are equal in every run: all except ids, times and the caller.
 */
function describeTask({
  job_name,
  room_id,
  status,
  payload,
  priority,
  attempt,
  runs,
  max_attempts,
  error,
  result,
}: Task) {
  return { job_name, room_id, status, payload, priority, attempt, runs, max_attempts, error, result };
}

describe.each(SERVERS)("%s", (_, connect) => {
  let client: JoblibClient;
  let close: () => unknown = () => {};
  beforeAll(async () => {
    ({ client, close } = await connect());
  });
  beforeEach(() => {
    room = `room-${randomUUID()}`;
  });
  afterAll(() => close());

  test("the server stores a submitted task with the defaults of its job, and the response contains the number of online workers", async () => {
    const worker = await createWorker(client, room);
    await client.jobs.register(room, {
      ...{ category: "tests", name: "Eager", schema: { type: "object" } },
      ...{ worker_id: worker, defaults: { priority: 7, max_attempts: 3 } },
    });

    const task = await client.tasks.submit(room, "private:tests:Eager", {
      payload: { n: 1 },
      max_attempts: 2,
    });

    expect(task.workers_online).toBe(1);
    expect(describeTask(await client.tasks.get(task.id))).toEqual({
      ...{ job_name: "private:tests:Eager", room_id: room, status: "pending", payload: { n: 1 } },
      ...{ priority: 7, attempt: 0, runs: 0, max_attempts: 2, error: null, result: null },
    });
  });

  test("the server returns the same task for a repeated idempotency key, and rejects a different request with this key as a conflict", async () => {
    await createWorker(client, room);
    const submit = (n: number) =>
      client.call(
        "submitTask",
        { params: { room_id: room, job_name: JOB }, body: { payload: { n } } },
        { idempotencyKey: "key" },
      );

    const first = await submit(1);
    const repeated = await submit(1);

    expect([first.status, repeated.status]).toEqual([202, 200]);
    expect(repeated.body.id).toBe(first.body.id);
    await expect(submit(2)).rejects.toThrow(IdempotencyConflictError);
  });

  test("the server accepts a batch of submissions and returns an outcome for each submission", async () => {
    await createWorker(client, room);
    const submissions = [JOB, "private:tests:Missing"].map((job_name, n) => ({ job_name, payload: { n } }));

    const { body } = await client.call("submitBatch", { params: { room_id: room }, body: { submissions } });

    expect(body.results.map((result) => Object.keys(result))).toEqual([["task"], ["problem"]]);
  });

  test("the server assigns claimed tasks by priority, counts the attempt, and starts a task only if the claim requests it", async () => {
    const worker = await createWorker(client, room);
    await client.tasks.submit(room, JOB, { payload: { n: 1 } });
    await client.tasks.submit(room, JOB, { payload: { n: 2 }, priority: 1 });

    const first = await client.workers.claim(worker, { limit: 1 });
    const second = await client.workers.claim(worker, { limit: 5, start: true });
    const third = await client.workers.claim(worker, { limit: 1 });

    const describe = ({ payload, status, attempt, runs }: Task) => [payload["n"], status, attempt, runs];
    expect(first.tasks.map(describe)).toEqual([[2, "claimed", 1, 0]]);
    expect(second.tasks.map(describe)).toEqual([[1, "running", 1, 1]]);
    expect(third.tasks).toEqual([]);
  });

  test("the server requeues a released task with the same attempt number", async () => {
    const worker = await createWorker(client, room);
    const { id } = await client.tasks.submit(room, JOB);
    await client.workers.claim(worker, { limit: 1 });

    const released = await client.workers.release(worker, [id]);

    expect(released).toEqual([id]);
    expect(await client.tasks.get(id)).toMatchObject({ status: "pending", attempt: 1, worker_id: null });
  });

  test("the server completes a task once, and accepts the same update again", async () => {
    const worker = await createWorker(client, room);
    const { id, attempt } = await startTask(client, { room, worker });
    const update = { status: "completed", result: { n: 2 }, worker_id: worker, attempt } as const;

    await client.tasks.update(id, { progress: { fraction: 0.5 }, worker_id: worker, attempt });
    const completed = await client.tasks.update(id, update);
    const repeated = await client.tasks.update(id, update);

    expect(completed).toMatchObject({ status: "completed", result: { n: 2 }, progress: { fraction: 0.5 } });
    expect(repeated).toEqual(completed);
    await expect(client.tasks.update(id, { ...update, result: 3 })).rejects.toThrow(
      InvalidTaskTransitionError,
    );
  });

  test("the server stores each log line of an attempt only once", async () => {
    const worker = await createWorker(client, room);
    const { id, attempt } = await startTask(client, { room, worker });
    const log = [{ number: 0, text: "one" }];

    await client.tasks.update(id, { log, worker_id: worker, attempt });
    await client.tasks.update(id, { log: [...log, { number: 1, text: "two" }], worker_id: worker, attempt });

    const { items } = await client.tasks.readLogs(id);
    expect(items.map(({ number, text }) => [number, text])).toEqual([
      [0, "one"],
      [1, "two"],
    ]);
  });

  test("the server requeues a task after a failed attempt if another attempt is left", async () => {
    const worker = await createWorker(client, room);
    const { id, attempt } = await startTask(client, { room, worker, max_attempts: 2 });

    const failed = await client.tasks.update(id, {
      ...{ status: "failed", error: "broken", worker_id: worker, attempt },
    });

    expect(failed).toMatchObject({ status: "pending", error: null, runs: 1 });
    expect(failed.errors.map(({ error }) => error)).toEqual(["broken"]);
  });

  test("the server updates tasks in a batch and returns an outcome for each update", async () => {
    const worker = await createWorker(client, room);
    const { id, attempt } = await startTask(client, { room, worker });
    const updates = [id, id].map((same, n) => ({
      id: same,
      attempt: attempt + n,
      status: "completed" as const,
    }));

    const { body } = await client.call("updateTasks", { params: { worker_id: worker }, body: { updates } });

    expect(body.results.map((result) => Object.keys(result))).toEqual([
      ["id", "task"],
      ["id", "problem"],
    ]);
  });

  test("the server returns a cancelled task to a waiting heartbeat, and to the next heartbeat", async () => {
    const worker = await createWorker(client, room);
    const { id } = await startTask(client, { room, worker });

    const waiting = client.workers.heartbeat(worker, { tasks: [id] }, { wait: 20 });
    await client.tasks.cancel(id);

    expect((await waiting).stop).toEqual([{ task_id: id, reason: "cancelled" }]);
    const { stop } = await client.workers.heartbeat(worker, { tasks: [id] });
    expect(stop).toEqual([{ task_id: id, reason: "cancelled" }]);
  });

  test("the server rejects the late result of a worker that was removed", async () => {
    const worker = await createWorker(client, room);
    const { id, attempt } = await startTask(client, { room, worker });
    await client.workers.remove(worker);

    const late = client.tasks.update(id, { status: "completed", result: 1, worker_id: worker, attempt });

    await expect(late).rejects.toThrow(TaskLostError);
    expect(await client.tasks.get(id)).toMatchObject({ status: "failed", result: null });
    await expect(client.workers.heartbeat(worker)).rejects.toThrow(WorkerNotFoundError);
  });

  test("the server assigns no tasks to a drained worker, and notifies the worker in the responses to claims and heartbeats", async () => {
    const worker = await createWorker(client, room);
    await client.tasks.submit(room, JOB);

    const drained = await client.workers.drain(worker);
    const claim = await client.workers.claim(worker, { limit: 1 });
    const heartbeat = await client.workers.heartbeat(worker);

    expect([drained.draining, claim.draining, heartbeat.draining]).toEqual([true, true, true]);
    expect(claim.tasks).toEqual([]);
  });

  test("the server responds to invalid requests with the expected problems", async () => {
    const worker = await createWorker(client, room);
    const { id } = await client.tasks.submit(room, JOB);
    const other = {
      category: "tests",
      name: "Echo",
      schema: { type: "object", required: ["n"] },
      worker_id: worker,
    };

    await expect(client.tasks.submit(room, "private:tests:Missing")).rejects.toThrow(JobNotFoundError);
    await expect(client.jobs.get(room, "tests:Echo")).rejects.toThrow(InvalidJobNameError);
    await expect(client.tasks.get("missing")).rejects.toThrow(TaskNotFoundError);
    await expect(client.workers.claim("missing", { limit: 1 })).rejects.toThrow(WorkerNotFoundError);
    await expect(client.workers.claim(worker, { limit: 0 })).rejects.toThrow(ValidationError);
    await expect(client.jobs.register(room, other)).rejects.toThrow(SchemaConflictError);
    await expect(client.tasks.update(id, { status: "completed" })).rejects.toThrow(
      InvalidTaskTransitionError,
    );
  });
});
