import { describe, expect, test } from "vitest";
import { type OperationName, Problem, type Task } from "../../protocol/index.ts";
import { TaskLostError } from "../../sdk/errors.ts";
import { LazyAbort } from "../../sdk/lazy-abort.ts";
import { UpdateQueue } from "../../sdk/update-queue.ts";
import { getSpanIds, runInSpan, startTracing } from "../support/tracing.ts";
import { startFake } from "./network.ts";

const JOB = "private:tests:Echo";

/** A worker that holds so many running tasks; `asked` says which requests its updates made. */
const holding = async (count: number) => {
  const { fake, client, instead } = startFake();
  const { body: worker } = await client.call("createWorker", {});
  const registration = { category: "tests", name: "Echo", schema: {}, worker_id: worker.id };
  await client.call("registerJob", { params: { room_id: "lab" }, body: registration });
  for (let index = 0; index < count; index += 1) fake.submit("lab", JOB);
  const claim = { params: { worker_id: worker.id }, body: { limit: count, start: true } };
  const { body } = await client.call("claimTasks", claim);
  const asked: OperationName[] = [];
  const watched: typeof client = Object.create(client, {
    call: {
      value: (...call: Parameters<typeof client.call>) => {
        asked.push(call[0]);
        return client.call(...call);
      },
    },
  });
  return { fake, instead, asked, tasks: body.tasks, queue: new UpdateQueue(watched, worker.id) };
};

const noFake = () => {
  throw new Error("there is no such fake");
};

const completion = ({ id, attempt }: Task, result: unknown = null) => ({
  id,
  attempt,
  update: { status: "completed" as const, result: result as string },
});

describe("updates of several tasks", () => {
  test("that come at once travel together, each with its own outcome", async () => {
    const { fake, queue, asked, tasks } = await holding(3);
    const [lost] = tasks;
    if (lost !== undefined) fake.cancel(lost.id);

    const outcomes = await Promise.allSettled(tasks.map((task) => queue.send(completion(task, task.id))));

    expect(asked).toEqual(["updateTasks"]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(outcomes[0]).toMatchObject({ reason: expect.any(TaskLostError) });
    expect(fake.tasks.slice(1).map(({ result }) => result)).toEqual(tasks.slice(1).map(({ id }) => id));
  });

  test("that travel together are of no trace, and a lone one is of its sender's", async () => {
    const traced = startTracing();
    const { fake, instead, queue, tasks } = await holding(3);
    const [first] = tasks;
    if (first === undefined) throw new Error("nothing was claimed");
    const seen: (string | null)[] = [];
    const see = ({ headers }: { headers: Headers }) => void seen.push(headers.get("traceparent"));
    const { updateTask = noFake, updateTasks = noFake } = fake.fakes;
    instead({
      updateTask: (request) => {
        see(request);
        return updateTask(request);
      },
      updateTasks: (request) => {
        see(request);
        return updateTasks(request);
      },
    });

    await Promise.all(tasks.map((task) => runInSpan(task.id, () => queue.send(completion(task)))));
    await runInSpan("alone", () => queue.send(completion(first)));

    const { trace, id } = getSpanIds(traced.only("alone"));
    expect(seen).toEqual([null, `00-${trace}-${id}-01`]);
  });

  test("that come while one is on its way wait for it, and then travel together", async () => {
    const { queue, asked, tasks } = await holding(4);
    const [first, ...others] = tasks;
    if (first === undefined) throw new Error("nothing was claimed");

    const one = queue.send(completion(first));
    await new Promise(setImmediate);
    await Promise.all([one, ...others.map((task) => queue.send(completion(task)))]);

    expect(asked).toEqual(["updateTask", "updateTasks"]);
  });

  test("are sent one by one where one of them makes the server refuse them all, or the server is older", async () => {
    const { fake, queue, asked, tasks, instead } = await holding(2);
    instead({
      updateTasks: () => {
        throw new Problem("route-not-found", "an older server");
      },
    });

    await Promise.all(tasks.map((task) => queue.send(completion(task))));

    expect(asked).toEqual(["updateTasks", "updateTask", "updateTask"]);
    expect(fake.tasks.map(({ status }) => status)).toEqual(["completed", "completed"]);
  });

  test("fail together where the server is away, for each sender to try again", async () => {
    const { queue, asked, tasks, instead } = await holding(2);
    instead({
      updateTasks: () => {
        throw new Problem("service-unavailable", "the database is away");
      },
    });

    const outcomes = await Promise.allSettled(tasks.map((task) => queue.send(completion(task))));

    expect(asked).toEqual(["updateTasks"]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  test("a large result takes its own way", async () => {
    const { queue, asked, tasks } = await holding(2);

    await Promise.all(tasks.map((task) => queue.send(completion(task, "x".repeat(40_000)))));

    expect(asked).toEqual(["updateTask", "updateTask"]);
  });

  test("whose sender gave up is left out", async () => {
    const { fake, queue, asked, tasks } = await holding(2);
    const gone = new LazyAbort();
    const [first, second] = tasks;
    if (first === undefined || second === undefined) throw new Error("nothing was claimed");

    const given = queue.send(completion(first), { cancellation: gone });
    const kept = queue.send(completion(second));
    gone.abort(new Error("given up"));

    await expect(given).rejects.toThrow("given up");
    await kept;
    expect(asked).toEqual(["updateTask"]);
    expect(fake.task(first.id).status).toBe("running");
  });

  test("wait, after a standstill, for what the server says is still held", async () => {
    const { queue, asked, tasks } = await holding(2);
    const answer = Promise.withResolvers<void>();
    queue.pauseUntil(answer.promise);

    const sent = Promise.all(tasks.map((task) => queue.send(completion(task))));
    const large = queue.send({ id: "none", attempt: 1, update: { error: "x".repeat(40_000) } });
    large.catch(() => {});
    for (let turns = 0; turns < 5; turns += 1) await new Promise(setImmediate);
    expect(asked).toEqual([]);

    answer.resolve();
    await sent;
    expect(asked.toSorted()).toEqual(["updateTask", "updateTasks"]);
  });
});
