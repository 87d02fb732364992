import { describe, expect, test } from "vitest";
import { Extension } from "../../sdk/extension.ts";
import type { JobManagerOptions } from "../../sdk/job-manager.ts";
import { startFake } from "./network.ts";

const JOB = "private:tests:Hold";

/** A worker whose tasks end when they are let go, and what its session warned of. */
const worker = async (extra: JobManagerOptions = {}, fakeOptions = {}) => {
  const begun: string[] = [];
  const gate = Promise.withResolvers<void>();
  class Hold extends Extension("tests") {
    async run() {
      begun.push("one");
      await gate.promise;
      return "done";
    }
  }
  const network = startFake(fakeOptions);
  const jobs = network.manager(extra);
  jobs.register(Hold);
  await jobs.ready();
  return { ...network, jobs, begun, removeTask: () => gate.resolve(), id: jobs.workerId ?? "" };
};

describe("a worker that is drained", () => {
  test("while it waits for a task, listens no longer, at once", async () => {
    const { fake, jobs, id } = await worker();
    const stream = jobs.listen();
    const next = stream.next();
    expect(jobs.isDrained).toBe(false);

    fake.drainWorker(id);

    expect(await next).toEqual({ done: true, value: undefined });
    expect(jobs.isDrained).toBe(true);
  });

  test.each([
    1, 2,
  ])("finishes what it holds of %i, takes nothing more, and then is done", async (concurrency) => {
    const { fake, jobs, id, begun, removeTask: letGo } = await worker({ heartbeatSeconds: 1 });
    const held = Array.from({ length: concurrency }, () => fake.submit("lab", JOB).id);
    const run = jobs.run({ concurrency });
    await expect.poll(() => begun.length).toBe(concurrency);

    fake.drainWorker(id);
    const later = fake.submit("lab", JOB).id;
    letGo();
    await run;

    expect(held.map((one) => fake.task(one).status)).toEqual(held.map(() => "completed"));
    expect(fake.task(later).status).toBe("pending");
  });

  test("hears of it by its heartbeat while all its hands are full", async () => {
    const told: string[] = [];
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: (_: object, message: string) => told.push(message),
    };
    const { fake, jobs, id, begun, removeTask: letGo } = await worker({ logger, heartbeatSeconds: 0.05 });
    fake.submit("lab", JOB);
    const run = jobs.run();
    await expect.poll(() => begun.length).toBe(1);

    fake.drainWorker(id);

    await expect.poll(() => told).toEqual(["drained: no new tasks for this worker"]);
    letGo();
    await run;
  });

  test("does not announce itself again when the server forgets it", async () => {
    const { fake, jobs, id } = await worker({ heartbeatSeconds: 0.02 });
    const run = jobs.run();
    fake.drainWorker(id);
    await run;

    fake.forgetWorker(id);
    await expect.poll(() => jobs.workerId).toBeUndefined();

    expect(fake.workers).toEqual([]);
  });
});
