import { describe, expect, test } from "vitest";
import { Problem, type Progress } from "../../protocol/index.ts";
import { InterruptedError, UsageError } from "../../sdk/errors.ts";
import { claim, passOn } from "./claim.ts";

describe("a task that is cut short", () => {
  test("that is interrupted fails at once, though its work goes on", async () => {
    const { fake, id, jobs, task } = await claim(() => new Promise(() => {}));
    const outcome = task.run();
    await fake.waitFor(id, ({ status }) => status === "running");

    await jobs.interrupt();

    await expect(outcome).resolves.toMatchObject({ status: "failed" });
    expect(task.signal.reason).toBeInstanceOf(InterruptedError);
    expect(fake.task(id)).toMatchObject({ status: "failed", error: "interrupted: the worker was stopped" });
  });

  test("that is interrupted while its end is on its way has that end's outcome, also where it is refused", async () => {
    const { fake, id, instead, jobs, task } = await claim(() => "done");
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    instead({
      updateTask: async (request) => {
        if (request.body?.status !== "completed") return passOn(fake, request);
        asked.resolve();
        await answer.promise;
        throw new Problem("task-lost", "somebody else has it");
      },
    });
    const outcome = task.run();
    await fake.waitFor(id, ({ status }) => status === "running");
    await asked.promise;

    const interrupted = jobs.interrupt();
    answer.resolve();

    await expect(outcome).resolves.toMatchObject({ status: "lost" });
    await interrupted;
  });

  test("that a report has found lost does not run any more", async () => {
    let runs = 0;
    const { instead, task } = await claim(() => {
      runs += 1;
    });
    await task.start();
    instead({
      updateTask: () => {
        throw new Problem("task-lost", "somebody else has it");
      },
    });
    task.progress(0.1);
    await expect.poll(() => task.signal.aborted).toBe(true);

    const outcome = await task.run();

    expect(outcome.status).toBe("lost");
    expect(runs).toBe(0);
  });

  test("has a signal and a log in whatever its context is passed on as", async () => {
    const { task } = await claim((run) =>
      [{ ...run }, Object.create(run), new Proxy(run, {})].map(
        ({ signal, log }) => signal === run.signal && log === run.log,
      ),
    );

    expect(await task.run()).toMatchObject({ status: "completed", task: { result: [true, true, true] } });
  });
});

describe("the parts of running", () => {
  test("start, complete and fail may be used by themselves, each once", async () => {
    const { fake, id, task } = await claim(() => {});

    await expect(task.complete()).rejects.toThrow(UsageError);
    await task.start();
    await expect(task.complete(() => {})).rejects.toThrow(/function/);
    await task.complete({ by: "hand" });

    await task.settled;
    expect(fake.task(id)).toMatchObject({ status: "completed", result: { by: "hand" } });
    await expect(task.fail("late")).rejects.toThrow(UsageError);
    await expect(task.run()).resolves.toMatchObject({ status: "lost" });
  });

  test("a task that was not started can be given back", async () => {
    const { fake, id, task } = await claim(() => {});

    await task.release();

    expect(fake.task(id)).toMatchObject({ status: "pending", attempt: 1, runs: 0 });
  });

  test("of many progress reports the first and the last are sent", async () => {
    const sent: (Progress | undefined)[] = [];
    const { fake, id, instead, task } = await claim(({ progress }) => {
      progress(-1, "begun");
      for (let done = 1; done <= 100; done += 1) progress(done / 100);
      progress(Number.NaN, "done");
    });
    instead({
      updateTask: (request) => {
        if (request.body.status === undefined) sent.push(request.body.progress);
        return passOn(fake, request);
      },
    });

    await task.run();

    expect(sent).toEqual([
      { fraction: 0, message: "begun" },
      { fraction: 1, message: "done" },
    ]);
    expect(fake.task(id)).toMatchObject({ status: "completed", progress: { fraction: 1, message: "done" } });
  });
});
