import { describe, expect, test } from "vitest";
import { Problem } from "../../protocol/index.ts";
import { UnauthorizedError } from "../../sdk/errors.ts";
import { Extension } from "../../sdk/extension.ts";
import { startFake } from "./network.ts";

class Echo extends Extension("tests") {
  run() {
    return "echo";
  }
}

const JOB = "private:tests:Echo";

const worker = async (fakeOptions = {}) => {
  const network = startFake(fakeOptions);
  const jobs = network.manager();
  jobs.register(Echo);
  await jobs.ready();
  return { ...network, jobs };
};

describe("listening", () => {
  test("announces first, then hands out what comes, in its order", async () => {
    const { fake, manager } = startFake();
    const jobs = manager();
    jobs.register(Echo);
    const seen: string[] = [];

    const stream = jobs.listen();
    const first = stream.next();
    await expect.poll(() => fake.jobs.length).toBe(1);
    const ids = [fake.submit("lab", JOB).id, fake.submit("lab", JOB).id, fake.submit("lab", JOB).id];
    const { value } = await first;
    await value?.run();
    seen.push(value?.id ?? "");
    for await (const task of stream) {
      await task.run();
      seen.push(task.id);
      if (seen.length === 3) break;
    }

    expect(seen).toEqual(ids);
    expect(fake.tasks.map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
  });

  test("a claim is answered as soon as a task is there", async () => {
    const { fake, jobs } = await worker();
    const stream = jobs.listen();

    const next = stream.next();
    const { id } = fake.submit("lab", JOB);

    expect((await next).value?.id).toBe(id);
  });

  test("no more tasks are in hand than the concurrency says", async () => {
    const { fake, jobs } = await worker();
    const ids = [1, 2, 3, 4].map(() => fake.submit("lab", JOB).id);
    const stream = jobs.listen({ concurrency: 2 });

    const first = (await stream.next()).value;
    const second = (await stream.next()).value;
    const third = stream.next();
    const held = fake.tasks.filter(({ status }) => status === "claimed").length;
    await first?.run();
    const after = (await third).value;

    expect(held).toBe(2);
    expect([first?.id, second?.id, after?.id]).toEqual(ids.slice(0, 3));
    expect(fake.task(ids[3] ?? "").status).toBe("pending");
  });

  test("in a backlog the next is claimed while the end of the last is on its way; where ends do not arrive, one more at most", async () => {
    const { fake, instead, jobs } = await worker();
    const ids = [1, 2, 3].map(() => fake.submit("lab", JOB).id);
    const age = () => Date.now() - Date.parse(fake.task(ids[2] ?? "").created_at);
    await expect.poll(age).toBeGreaterThan(60);
    const arrival = Promise.withResolvers<void>();
    const { updateTask, updateTasks } = fake.fakes;
    if (updateTask === undefined || updateTasks === undefined) throw new Error("nothing takes updates");
    instead({
      updateTask: (request) => arrival.promise.then(() => updateTask(request)),
      updateTasks: (request) => arrival.promise.then(() => updateTasks(request)),
    });
    const stop = new AbortController();
    const outcomes: string[] = [];
    const begun: string[] = [];

    const run = jobs.run({
      start: true,
      signal: stop.signal,
      onTask: ({ id }) => begun.push(id),
      onOutcome: (_, { status }) => outcomes.push(status),
    });
    await expect.poll(() => begun).toEqual(ids.slice(0, 2));
    const before = [[...outcomes], fake.task(ids[2] ?? "").status];
    arrival.resolve();
    await fake.waitFor(ids[2] ?? "");
    stop.abort();
    await run;

    expect(before).toEqual([[], "pending"]);
    expect(outcomes).toEqual(["completed", "completed", "completed"]);
  });

  test("aborting ends a waiting claim, and the loop", async () => {
    const { fake, jobs } = await worker();
    const abort = new AbortController();
    const next = jobs.listen({ signal: abort.signal }).next();

    abort.abort();

    const done = { done: true, value: undefined };
    await expect(next).resolves.toEqual(done);
    await expect(jobs.listen({ signal: abort.signal }).next()).resolves.toEqual(done);
    const { id } = fake.submit("lab", JOB);
    expect((await jobs.listen().next()).value?.id).toBe(id);
  });

  test("leaving the loop gives back what was claimed and not handed out", async () => {
    const { fake, jobs } = await worker();
    for (let i = 0; i < 3; i += 1) fake.submit("lab", JOB);

    for await (const task of jobs.listen({ concurrency: 3 })) {
      await task.run();
      break;
    }

    expect(fake.tasks.map(({ status }) => status)).toEqual(["completed", "pending", "pending"]);
  });

  test("goes on after the network and the server failed", async () => {
    const { fake, instead, jobs } = await worker();
    const { id } = fake.submit("lab", JOB);
    let failures = 0;
    instead({
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

  test("ends with an error that no waiting mends", async () => {
    const { instead, jobs } = await worker();
    instead({
      claimTask: () => {
        throw new Problem("unauthorized", "the token is not valid");
      },
    });
    const stream = jobs.listen();

    await expect(stream.next()).rejects.toThrow(UnauthorizedError);
    await expect(stream.next()).resolves.toEqual({ done: true, value: undefined });
  });

  test("a task that a server claims for somebody else is not run", async () => {
    const { fake, instead, jobs } = await worker();
    const task = fake.task(fake.submit("lab", JOB).id);
    let answers = 0;
    instead({
      claimTask: (request) => {
        answers += 1;
        if (answers === 1) return { status: 200, body: { task: { ...task, worker_id: "another" } } };
        return fake.fakes.claimTask?.(request) ?? { status: 200, body: { task: null } };
      },
    });

    const { value } = await jobs.listen({ pollInterval: 0.05 }).next();

    expect(value?.task.worker_id).toBe(jobs.workerId);
    expect(answers).toBe(2);
  });

  test("a worker that the server has forgotten announces itself again and goes on", async () => {
    const { fake, jobs } = await worker();
    const before = jobs.workerId ?? "";
    const stream = jobs.listen({ concurrency: 2 });
    const lost = fake.submit("lab", JOB);
    const held = (await stream.next()).value;

    fake.forgetWorker(before);
    const again = (await stream.next()).value;

    expect(held?.signal.aborted).toBe(true);
    expect(jobs.workerId).not.toBe(before);
    expect(again).toMatchObject({ id: lost.id, attempt: 2 });
    await expect(again?.run()).resolves.toMatchObject({ status: "completed" });
  });
});

describe("running everything", () => {
  test("runs what comes until it is told to stop, and finishes what is in hand", async () => {
    const { fake, jobs } = await worker();
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

  test("run rejects with what its logger throws, once everything in hand is settled", async () => {
    const { fake, manager } = startFake();
    const quiet = () => {};
    const error = () => {
      throw new Error("the log is full");
    };
    const jobs = manager({ logger: { debug: quiet, info: quiet, warn: quiet, error } });
    jobs.register(Echo);
    await jobs.ready();
    const { id } = await jobs.submit(new Echo());
    const stop = new AbortController();

    const running = jobs.run({
      signal: stop.signal,
      onOutcome: () => {
        stop.abort();
        throw new Error("a callback's own");
      },
    });

    await expect(running).rejects.toThrow("the log is full");
    expect(fake.task(id).status).toBe("completed");
  });
});

describe("claims that start their tasks", () => {
  test("save the request that would, and run as others do", async () => {
    const { fake, jobs } = await worker();
    const id = fake.submit("lab", JOB).id;
    const stream = jobs.listen({ start: true });

    const { value: task } = await stream.next();

    expect(fake.task(id)).toMatchObject({ status: "running", runs: 1 });
    expect(await task?.start()).toMatchObject({ id, status: "running" });
    expect(await task?.run()).toMatchObject({ status: "completed" });
    expect(fake.task(id)).toMatchObject({ status: "completed", runs: 1 });
  });

  test("what a stopped stream still has is handed out; what a loop leaves behind fails", async () => {
    const { fake, jobs } = await worker();
    const ids = [1, 2, 3].map(() => fake.submit("lab", JOB).id);
    const stream = jobs.listen({ start: true, concurrency: 3 });

    await (await stream.next()).value?.run();
    stream.stop();
    await (await stream.next()).value?.run();
    await stream.return();

    expect(ids.map((id) => fake.task(id).status)).toEqual(["completed", "completed", "failed"]);
  });
});
