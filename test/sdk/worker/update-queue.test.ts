import { describe, expect, test } from "vitest";
import { type OperationName, Problem, type Task } from "../../../protocol/index.ts";
import { TaskLostError } from "../../../sdk/errors.ts";
import { LazyAbort } from "../../../sdk/http/abort.ts";
import { UpdateQueue } from "../../../sdk/worker/update-queue.ts";
import { getSpanIds, runInSpan, startTracing } from "../../support/tracing.ts";
import { startFake } from "../network.ts";

const JOB = "private:tests:Echo";

/**
 * Creates a worker with `count` running tasks. `calls` contains the operation of each request that
 * the queue sends.
 */
const startWorker = async (count: number) => {
  const { fake, client, override } = startFake();
  const { body: worker } = await client.call("createWorker", {});
  const registration = { category: "tests", name: "Echo", schema: {}, worker_id: worker.id };
  await client.call("registerJob", { params: { room_id: "lab" }, body: registration });
  for (let index = 0; index < count; index += 1) fake.submit("lab", JOB);
  const claim = { params: { worker_id: worker.id }, body: { limit: count, start: true } };
  const { body } = await client.call("claimTasks", claim);
  const calls: OperationName[] = [];
  const recording: typeof client = Object.create(client, {
    call: {
      value: (...args: Parameters<typeof client.call>) => {
        calls.push(args[0]);
        return client.call(...args);
      },
    },
  });
  return { fake, override, calls, tasks: body.tasks, queue: new UpdateQueue(recording, worker.id) };
};

const throwMissingFake = () => {
  throw new Error("the fake does not exist");
};

const completion = ({ id, attempt }: Task, result: unknown = null) => ({
  id,
  attempt,
  update: { status: "completed" as const, result: result as string },
});

describe("UpdateQueue", () => {
  test("UpdateQueue sends concurrent updates in a batch, and resolves or rejects each update separately", async () => {
    const { fake, queue, calls, tasks } = await startWorker(3);
    const [lost] = tasks;
    if (lost !== undefined) fake.cancel(lost.id);

    const outcomes = await Promise.allSettled(tasks.map((task) => queue.send(completion(task, task.id))));

    expect(calls).toEqual(["updateTasks"]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(outcomes[0]).toMatchObject({ reason: expect.any(TaskLostError) });
    expect(fake.tasks.slice(1).map(({ result }) => result)).toEqual(tasks.slice(1).map(({ id }) => id));
  });

  test("UpdateQueue sends a batch without a trace context, and a single update with the trace context of its caller", async () => {
    const traced = startTracing();
    const { fake, override, queue, tasks } = await startWorker(3);
    const [first] = tasks;
    if (first === undefined) throw new Error("no task was claimed");
    const traceparents: (string | null)[] = [];
    const record = ({ headers }: { headers: Headers }) => void traceparents.push(headers.get("traceparent"));
    const { updateTask = throwMissingFake, updateTasks = throwMissingFake } = fake.fakes;
    override({
      updateTask: (request) => {
        record(request);
        return updateTask(request);
      },
      updateTasks: (request) => {
        record(request);
        return updateTasks(request);
      },
    });

    await Promise.all(tasks.map((task) => runInSpan(task.id, () => queue.send(completion(task)))));
    await runInSpan("alone", () => queue.send(completion(first)));

    const { trace, id } = getSpanIds(traced.only("alone"));
    expect(traceparents).toEqual([null, `00-${trace}-${id}-01`]);
  });

  test("UpdateQueue batches the updates that are made during a request", async () => {
    const { queue, calls, tasks } = await startWorker(4);
    const [first, ...others] = tasks;
    if (first === undefined) throw new Error("no task was claimed");

    const one = queue.send(completion(first));
    await new Promise(setImmediate);
    await Promise.all([one, ...others.map((task) => queue.send(completion(task)))]);

    expect(calls).toEqual(["updateTask", "updateTasks"]);
  });

  test("UpdateQueue sends updates individually if the server does not support batches", async () => {
    const { fake, queue, calls, tasks, override } = await startWorker(2);
    override({
      updateTasks: () => {
        throw new Problem("route-not-found", "an older server");
      },
    });

    await Promise.all(tasks.map((task) => queue.send(completion(task))));

    expect(calls).toEqual(["updateTasks", "updateTask", "updateTask"]);
    expect(fake.tasks.map(({ status }) => status)).toEqual(["completed", "completed"]);
  });

  test("UpdateQueue rejects all updates of a batch if the server is unavailable", async () => {
    const { queue, calls, tasks, override } = await startWorker(2);
    override({
      updateTasks: () => {
        throw new Problem("service-unavailable", "the database is away");
      },
    });

    const outcomes = await Promise.allSettled(tasks.map((task) => queue.send(completion(task))));

    expect(calls).toEqual(["updateTasks"]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("UpdateQueue sends large results individually", async () => {
    const { queue, calls, tasks } = await startWorker(2);

    await Promise.all(tasks.map((task) => queue.send(completion(task, "x".repeat(40_000)))));

    expect(calls).toEqual(["updateTask", "updateTask"]);
  });

  test("UpdateQueue does not send a cancelled update", async () => {
    const { fake, queue, calls, tasks } = await startWorker(2);
    const cancellation = new LazyAbort();
    const [first, second] = tasks;
    if (first === undefined || second === undefined) throw new Error("no task was claimed");

    const cancelled = queue.send({ ...completion(first), cancellation });
    const kept = queue.send(completion(second));
    cancellation.abort(new Error("cancelled"));

    await expect(cancelled).rejects.toThrow("cancelled");
    await kept;
    expect(calls).toEqual(["updateTask"]);
    expect(fake.task(first.id).status).toBe("running");
  });

  test("UpdateQueue sends nothing while it is paused, and sends the queued updates afterwards", async () => {
    const { queue, calls, tasks } = await startWorker(2);
    const pause = Promise.withResolvers<void>();
    queue.pauseUntil(pause.promise);

    const sent = Promise.all(tasks.map((task) => queue.send(completion(task))));
    const large = queue.send({ id: "none", attempt: 1, update: { error: "x".repeat(40_000) } });
    large.catch(() => {});
    for (let turns = 0; turns < 5; turns += 1) await new Promise(setImmediate);
    expect(calls).toEqual([]);

    pause.resolve();
    await sent;
    expect(calls.toSorted()).toEqual(["updateTask", "updateTasks"]);
  });
});
