import { describe, expect, test } from "vitest";
import { Problem } from "../../../protocol/index.ts";
import { UnauthorizedError } from "../../../sdk/errors.ts";
import { Extension } from "../../../sdk/extension/extension.ts";
import { startFake } from "../network.ts";

class Echo extends Extension("tests") {
  run() {
    return "echo";
  }
}

const JOB = "private:tests:Echo";

const startWorker = async (fakeOptions = {}) => {
  const network = startFake(fakeOptions);
  const jobs = network.createManager();
  jobs.register(Echo);
  await jobs.ready();
  return { ...network, jobs };
};

describe("JobManager.listen", () => {
  test("JobManager.listen registers the jobs first, then returns tasks in order", async () => {
    const { fake, createManager } = startFake();
    const jobs = createManager();
    jobs.register(Echo);
    const returned: string[] = [];

    const stream = jobs.listen();
    const first = stream.next();
    await expect.poll(() => fake.jobs.length).toBe(1);
    const ids = [fake.submit("lab", JOB).id, fake.submit("lab", JOB).id, fake.submit("lab", JOB).id];
    const { value } = await first;
    await value?.run();
    returned.push(value?.id ?? "");
    for await (const task of stream) {
      await task.run();
      returned.push(task.id);
      if (returned.length === 3) break;
    }

    expect(returned).toEqual(ids);
    expect(fake.tasks.map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
  });

  test("JobManager.listen returns a task as soon as it is submitted", async () => {
    const { fake, jobs } = await startWorker();
    const stream = jobs.listen();

    const next = stream.next();
    const { id } = fake.submit("lab", JOB);

    expect((await next).value?.id).toBe(id);
  });

  test("JobManager.listen claims no more tasks than the concurrency", async () => {
    const { fake, jobs } = await startWorker();
    const ids = [1, 2, 3, 4].map(() => fake.submit("lab", JOB).id);
    const stream = jobs.listen({ concurrency: 2 });

    const first = (await stream.next()).value;
    const second = (await stream.next()).value;
    const third = stream.next();
    const claimedCount = fake.tasks.filter(({ status }) => status === "claimed").length;
    await first?.run();
    const after = (await third).value;

    expect(claimedCount).toBe(2);
    expect([first?.id, second?.id, after?.id]).toEqual(ids.slice(0, 3));
    expect(fake.task(ids[3] ?? "").status).toBe("pending");
  });

  test("JobManager.listen claims only one more task of a backlog while the outcome of the current task is being sent", async () => {
    const { fake, override, jobs } = await startWorker();
    const ids = [1, 2, 3].map(() => fake.submit("lab", JOB).id);
    const age = () => Date.now() - Date.parse(fake.task(ids[2] ?? "").created_at);
    await expect.poll(age).toBeGreaterThan(60);
    const arrival = Promise.withResolvers<void>();
    const { updateTask, updateTasks } = fake.fakes;
    if (updateTask === undefined || updateTasks === undefined) throw new Error("the fake has no updateTask");
    override({
      updateTask: (request) => arrival.promise.then(() => updateTask(request)),
      updateTasks: (request) => arrival.promise.then(() => updateTasks(request)),
    });
    const stop = new AbortController();
    const outcomes: string[] = [];
    const startedTasks: string[] = [];

    const run = jobs.run({
      start: true,
      signal: stop.signal,
      onTask: ({ id }) => startedTasks.push(id),
      onOutcome: (_, { status }) => outcomes.push(status),
    });
    await expect.poll(() => startedTasks).toEqual(ids.slice(0, 2));
    const before = [[...outcomes], fake.task(ids[2] ?? "").status];
    arrival.resolve();
    await fake.waitFor(ids[2] ?? "");
    stop.abort();
    await run;

    expect(before).toEqual([[], "pending"]);
    expect(outcomes).toEqual(["completed", "completed", "completed"]);
  });

  test("JobManager.listen aborts the waiting claim and ends the loop when its signal is aborted", async () => {
    const { fake, jobs } = await startWorker();
    const abort = new AbortController();
    const next = jobs.listen({ signal: abort.signal }).next();

    abort.abort();

    const done = { done: true, value: undefined };
    await expect(next).resolves.toEqual(done);
    await expect(jobs.listen({ signal: abort.signal }).next()).resolves.toEqual(done);
    const { id } = fake.submit("lab", JOB);
    expect((await jobs.listen().next()).value?.id).toBe(id);
  });

  test("JobManager.listen requeues claimed tasks that were not returned before the loop ended", async () => {
    const { fake, jobs } = await startWorker();
    for (let i = 0; i < 3; i += 1) fake.submit("lab", JOB);

    for await (const task of jobs.listen({ concurrency: 3 })) {
      await task.run();
      break;
    }

    expect(fake.tasks.map(({ status }) => status)).toEqual(["completed", "pending", "pending"]);
  });

  test("JobManager.listen continues after failures of the server", async () => {
    const { fake, override, jobs } = await startWorker();
    const { id } = fake.submit("lab", JOB);
    let failures = 0;
    override({
      claimTask: (request) => {
        failures += 1;
        if (failures <= 2) throw new Problem("service-unavailable", "the database is away");
        return fake.fakes.claimTask?.(request) ?? { status: 200, body: { task: null } };
      },
    });

    const { value } = await jobs.listen().next();

    expect(value?.id).toBe(id);
    expect(failures).toBe(3);
  });

  test("JobManager.listen ends with an error that retries cannot fix", async () => {
    const { override, jobs } = await startWorker();
    override({
      claimTask: () => {
        throw new Problem("unauthorized", "the token is not valid");
      },
    });
    const stream = jobs.listen();

    await expect(stream.next()).rejects.toThrow(UnauthorizedError);
    await expect(stream.next()).resolves.toEqual({ done: true, value: undefined });
  });

  test("JobManager.listen ignores a claimed task of another worker", async () => {
    const { fake, override, jobs } = await startWorker();
    const task = fake.task(fake.submit("lab", JOB).id);
    let responses = 0;
    override({
      claimTask: (request) => {
        responses += 1;
        if (responses === 1) return { status: 200, body: { task: { ...task, worker_id: "another" } } };
        return fake.fakes.claimTask?.(request) ?? { status: 200, body: { task: null } };
      },
    });

    const { value } = await jobs.listen({ pollInterval: 0.05 }).next();

    expect(value?.task.worker_id).toBe(jobs.workerId);
    expect(responses).toBe(2);
  });

  test("JobManager.listen creates a new worker and continues if the server no longer knows the worker", async () => {
    const { fake, jobs } = await startWorker();
    const before = jobs.workerId ?? "";
    const stream = jobs.listen({ concurrency: 2 });
    const lost = fake.submit("lab", JOB);
    const lostTask = (await stream.next()).value;

    fake.removeWorker(before);
    const reclaimed = (await stream.next()).value;

    expect(lostTask?.signal.aborted).toBe(true);
    expect(jobs.workerId).not.toBe(before);
    expect(reclaimed).toMatchObject({ id: lost.id, attempt: 2 });
    await expect(reclaimed?.run()).resolves.toMatchObject({ status: "completed" });
  });
});

describe("JobManager.run", () => {
  test("JobManager.run runs tasks until its signal is aborted, and finishes the running tasks", async () => {
    const { fake, jobs } = await startWorker();
    const stop = new AbortController();
    const outcomes: string[] = [];
    const ids = [1, 2, 3].map(() => fake.submit("lab", JOB).id);

    await jobs.run({
      concurrency: 2,
      signal: stop.signal,
      onOutcome: (task, { status }) => {
        outcomes.push(`${ids.indexOf(task.id)} ${status}`);
        if (outcomes.length === 3) stop.abort();
      },
    });

    expect(outcomes.toSorted()).toEqual(["0 completed", "1 completed", "2 completed"]);
  });

  test("JobManager.run rejects with an error that its logger threw, after all tasks have ended", async () => {
    const { fake, createManager } = startFake();
    const quiet = () => {};
    const error = () => {
      throw new Error("the log is full");
    };
    const jobs = createManager({ logger: { debug: quiet, info: quiet, warn: quiet, error } });
    jobs.register(Echo);
    await jobs.ready();
    const { id } = await jobs.submit(new Echo());
    const stop = new AbortController();

    const running = jobs.run({
      signal: stop.signal,
      onOutcome: () => {
        stop.abort();
        throw new Error("an error in onOutcome");
      },
    });

    await expect(running).rejects.toThrow("the log is full");
    expect(fake.task(id).status).toBe("completed");
  });
});

describe("a claim that starts its tasks", () => {
  test("JobManager.listen with `start` claims tasks that have already started, so `task.start()` does not count a second run", async () => {
    const { fake, jobs } = await startWorker();
    const id = fake.submit("lab", JOB).id;
    const stream = jobs.listen({ start: true });

    const { value: task } = await stream.next();

    expect(fake.task(id)).toMatchObject({ status: "running", runs: 1 });
    expect(await task?.start()).toMatchObject({ id, status: "running" });
    expect(await task?.run()).toMatchObject({ status: "completed" });
    expect(fake.task(id)).toMatchObject({ status: "completed", runs: 1 });
  });

  test("JobManager.listen with `start` still returns the claimed tasks after `stop()`, and fails the tasks that were not returned before the loop ended", async () => {
    const { fake, jobs } = await startWorker();
    const ids = [1, 2, 3].map(() => fake.submit("lab", JOB).id);
    const stream = jobs.listen({ start: true, concurrency: 3 });

    await (await stream.next()).value?.run();
    stream.stop();
    await (await stream.next()).value?.run();
    await stream.return();

    expect(ids.map((id) => fake.task(id).status)).toEqual(["completed", "completed", "failed"]);
  });
});
