import { describe, expect, test } from "vitest";
import { Extension } from "../../../sdk/extension/extension.ts";
import type { JobManagerOptions } from "../../../sdk/job-manager.ts";
import { startFake } from "../network.ts";

const JOB = "private:tests:Wait";

/** Starts a worker whose tasks run until `finish` is called. */
const startWorker = async (extra: JobManagerOptions = {}, fakeOptions = {}) => {
  const started: string[] = [];
  const finished = Promise.withResolvers<void>();
  class Wait extends Extension("tests") {
    async run() {
      started.push("one");
      await finished.promise;
      return "done";
    }
  }
  const network = startFake(fakeOptions);
  const jobs = network.createManager(extra);
  jobs.register(Wait);
  await jobs.ready();
  return { ...network, jobs, started, finish: () => finished.resolve(), id: jobs.workerId ?? "" };
};

describe("a drained worker", () => {
  test("a drained worker stops listening immediately if it is waiting for a task", async () => {
    const { fake, jobs, id } = await startWorker();
    const stream = jobs.listen();
    const next = stream.next();
    expect(jobs.isDrained).toBe(false);

    fake.drainWorker(id);

    expect(await next).toEqual({ done: true, value: undefined });
    expect(jobs.isDrained).toBe(true);
  });

  test.each([
    1, 2,
  ])("a drained worker finishes all its running tasks (%i), claims no more, and ends", async (concurrency) => {
    const { fake, jobs, id, started, finish } = await startWorker({ heartbeatSeconds: 1 });
    const running = Array.from({ length: concurrency }, () => fake.submit("lab", JOB).id);
    const run = jobs.run({ concurrency });
    await expect.poll(() => started.length).toBe(concurrency);

    fake.drainWorker(id);
    const newTask = fake.submit("lab", JOB).id;
    finish();
    await run;

    expect(running.map((task) => fake.task(task).status)).toEqual(running.map(() => "completed"));
    expect(fake.task(newTask).status).toBe("pending");
  });

  test("a drained worker is notified of the drain by its heartbeat while all slots are used", async () => {
    const warnings: string[] = [];
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (_: object, message: string) => warnings.push(message),
    };
    const { fake, jobs, id, started, finish } = await startWorker({ logger, heartbeatSeconds: 0.05 });
    fake.submit("lab", JOB);
    const run = jobs.run();
    await expect.poll(() => started.length).toBe(1);

    fake.drainWorker(id);

    await expect.poll(() => warnings).toEqual(["drained: no new tasks for this worker"]);
    finish();
    await run;
  });

  test("a drained worker is not created again if the server has removed it", async () => {
    const { fake, jobs, id } = await startWorker({ heartbeatSeconds: 0.02 });
    const run = jobs.run();
    fake.drainWorker(id);
    await run;

    fake.removeWorker(id);
    await expect.poll(() => jobs.workerId).toBeUndefined();

    expect(fake.workers).toEqual([]);
  });
});
