import { describe, expect, test } from "vitest";
import { Problem, type Progress } from "../../../protocol/index.ts";
import { InterruptedError, UsageError } from "../../../sdk/errors.ts";
import { callFake, claimTask } from "./claim.ts";

describe("an interrupted task", () => {
  test("an interrupted task fails immediately although its run continues", async () => {
    const { fake, id, jobs, task } = await claimTask(() => new Promise(() => {}));
    const outcome = task.run();
    await fake.waitFor(id, ({ status }) => status === "running");

    await jobs.interrupt();

    await expect(outcome).resolves.toMatchObject({ status: "failed" });
    expect(task.signal.reason).toBeInstanceOf(InterruptedError);
    expect(fake.task(id)).toMatchObject({ status: "failed", error: "interrupted: the worker was stopped" });
  });

  test("an interrupted task that is already sending its completion waits for the response, and has the outcome `lost` if the server rejects the completion", async () => {
    const { fake, id, override, jobs, task } = await claimTask(() => "done");
    const [received, response] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    override({
      updateTask: async (request) => {
        if (request.body?.status !== "completed") return callFake(fake, request);
        received.resolve();
        await response.promise;
        throw new Problem("task-lost", "the lease is lost");
      },
    });
    const outcome = task.run();
    await fake.waitFor(id, ({ status }) => status === "running");
    await received.promise;

    const interrupted = jobs.interrupt();
    response.resolve();

    await expect(outcome).resolves.toMatchObject({ status: "lost" });
    await interrupted;
  });
});

test("a task does not run if the response to a progress report has shown that the lease is lost", async () => {
  let runs = 0;
  const { override, task } = await claimTask(() => {
    runs += 1;
  });
  await task.start();
  override({
    updateTask: () => {
      throw new Problem("task-lost", "the lease is lost");
    },
  });
  task.progress(0.1);
  await expect.poll(() => task.signal.aborted).toBe(true);

  const outcome = await task.run();

  expect(outcome.status).toBe("lost");
  expect(runs).toBe(0);
});

test("copies and proxies of a run context, and objects that inherit from it, have the same signal and log", async () => {
  const { task } = await claimTask((run) =>
    [{ ...run }, Object.create(run), new Proxy(run, {})].map(
      ({ signal, log }) => signal === run.signal && log === run.log,
    ),
  );

  expect(await task.run()).toMatchObject({ status: "completed", task: { result: [true, true, true] } });
});

describe("the steps of a task", () => {
  test("ClaimedTask.start, complete and fail can be called individually, and the task ends only once", async () => {
    const { fake, id, task } = await claimTask(() => {});

    await expect(task.complete()).rejects.toThrow(UsageError);
    await task.start();
    await expect(task.complete(() => {})).rejects.toThrow(/function/);
    await task.complete({ by: "hand" });

    await task.settled;
    expect(fake.task(id)).toMatchObject({ status: "completed", result: { by: "hand" } });
    await expect(task.fail("late")).rejects.toThrow(UsageError);
    await expect(task.run()).resolves.toMatchObject({ status: "lost" });
  });

  test("ClaimedTask.release requeues a task that has not started", async () => {
    const { fake, id, task } = await claimTask(() => {});

    await task.release();

    expect(fake.task(id)).toMatchObject({ status: "pending", attempt: 1, runs: 0 });
  });

  test("ClaimedTask.progress sends the first and the last of many reports", async () => {
    const sent: (Progress | undefined)[] = [];
    const { fake, id, override, task } = await claimTask(({ progress }) => {
      progress(-1, "started");
      for (let done = 1; done <= 100; done += 1) progress(done / 100);
      progress(Number.NaN, "done");
    });
    override({
      updateTask: (request) => {
        if (request.body.status === undefined) sent.push(request.body.progress);
        return callFake(fake, request);
      },
    });

    await task.run();

    expect(sent).toEqual([
      { fraction: 0, message: "started" },
      { fraction: 1, message: "done" },
    ]);
    expect(fake.task(id)).toMatchObject({ status: "completed", progress: { fraction: 1, message: "done" } });
  });
});
