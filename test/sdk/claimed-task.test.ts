import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { Progress } from "../../protocol/index.ts";
import { Problem } from "../../protocol/index.ts";
import type { ClaimedTask } from "../../sdk/claimed-task.ts";
import { InterruptedError, TaskLostError, UsageError } from "../../sdk/errors.ts";
import { Extension, type RunContext } from "../../sdk/extension.ts";
import { listeningLogger, startFake } from "./network.ts";

type Work = (run: RunContext, given: unknown) => unknown;

/** A worker of one job whose work each test says, and its next task. */
const claim = async (work: Work, { payload = {}, result }: { payload?: object; result?: z.ZodType } = {}) => {
  const network = startFake();
  class Job extends Extension(
    "tests",
    { size: z.number().optional() },
    result === undefined ? {} : { result },
  ) {
    run(context: unknown, run: RunContext) {
      return work(run, context);
    }
  }
  const { logger, lines } = listeningLogger();
  const jobs = network.manager<unknown>({ logger }, "the manager's context");
  jobs.register(Job);
  await jobs.ready();
  const { id } = network.fake.submit("lab", "private:tests:Job", { payload: { ...payload } });
  const stream = jobs.listen();
  const task = await take(stream.next());
  return { ...network, id, jobs, stream, task, lines };
};

const take = async (next: Promise<IteratorResult<ClaimedTask, undefined>>): Promise<ClaimedTask> => {
  const { value } = await next;
  if (value === undefined) throw new Error("no task came");
  return value;
};

describe("running a task", () => {
  test("starts it, runs it with its parameters, and completes it", async () => {
    const { fake, id, task } = await claim(({ task: seen }, context) => [context, seen.status]);

    const outcome = await task.run();

    expect(outcome.status).toBe("completed");
    expect(fake.task(id)).toMatchObject({
      status: "completed",
      runs: 1,
      result: ["the manager's context", "running"],
    });
  });

  test("its own context comes before the manager's, and nothing is null", async () => {
    const { fake, id, task } = await claim((_, context) => (context === "mine" ? undefined : context));

    await task.run("mine");

    expect(fake.task(id)).toMatchObject({ status: "completed", result: null });
  });

  test("that throws is failed with what it said, and does not throw", async () => {
    const { fake, id, task } = await claim(() => {
      throw new RangeError("too far \u0000", { cause: new Error("the wall") });
    });

    const outcome = await task.run();

    expect(outcome).toMatchObject({
      status: "failed",
      error: "RangeError: too far \ufffd (because of the wall)",
    });
    expect(fake.task(id)).toMatchObject({ status: "failed" });
  });

  test("with an endless error keeps 64 KiB of it", async () => {
    const { fake, id, task } = await claim(() => {
      throw new Error("😀".repeat(50_000));
    });

    await task.run();

    const error = fake.task(id).error ?? "";
    expect(Buffer.byteLength(error)).toBeLessThanOrEqual(65_536);
    expect(error).toMatch(/😀… \(cut\)$/u);
  });

  test("with a malformed payload fails it without running", async () => {
    let ran = false;
    const work = () => {
      ran = true;
    };
    const { fake, id, task } = await claim(work, { payload: { size: "big" } });

    await task.run();

    expect(ran).toBe(false);
    expect(fake.task(id)).toMatchObject({ status: "failed", started_at: null });
    expect(fake.task(id).error).toMatch(/^malformed payload: Job: \/size: .*number/);
  });

  test.each([
    ["a map", () => new Map(), /the result cannot be kept: NotJsonError: the value is a Map/],
    ["a cycle", () => cycle(), /circular/],
    ["infinity", () => ({ x: Number.POSITIVE_INFINITY }), /"x" is Infinity/],
  ])("whose result is %s fails it", async (_, work, error) => {
    const { fake, id, task } = await claim(work);

    await task.run();

    expect(fake.task(id)).toMatchObject({ status: "failed" });
    expect(fake.task(id).error).toMatch(error);
  });

  test("whose result does not fit its schema fails it", async () => {
    const { fake, id, task } = await claim(() => ({ turned: "far" }), {
      result: z.object({ turned: z.number() }),
    });

    await task.run();

    expect(fake.task(id).error).toMatch(/the result cannot be kept: .*\/result\/turned/);
  });

  test("whose result is too large for the server fails it", async () => {
    const { fake, id, instead, task } = await claim(() => "much");
    instead({
      updateTask: (request) => {
        if (request.body.status === "completed") throw new Problem("payload-too-large", "over 1 MiB");
        return passOn(fake, request);
      },
    });

    await task.run();

    expect(fake.task(id).error).toMatch(/cannot be kept: PayloadTooLargeError: over 1 MiB/);
  });

  test("is told once more when the answer to its end was lost", async () => {
    const { fake, id, instead, task } = await claim(() => "done");
    let lost = 0;
    instead({
      updateTask: async (request) => {
        const answer = await passOn(fake, request);
        if (request.body.status === "completed" && lost++ < 2)
          throw new Problem("service-unavailable", "gone");
        return answer;
      },
    });

    const outcome = await task.run();

    expect(outcome.status).toBe("completed");
    expect(lost).toBe(3);
    expect(fake.task(id)).toMatchObject({ status: "completed", result: "done" });
  });

  test("that was given to another drops what it has, and says so", async () => {
    const { fake, id, task, lines } = await claim(() => {
      fake.takeAway(id);
      return "too late";
    });

    const outcome = await task.run();

    expect(outcome).toEqual({ status: "lost", reason: "lost" });
    expect(task.signal.reason).toBeInstanceOf(TaskLostError);
    expect(fake.task(id)).toMatchObject({ status: "pending", result: null });
    expect(lines).toContain("what came of a task was dropped");
  });

  test("that was lost while it worked offers what it came to all the same, once, and says that it is lost", async () => {
    const offered: unknown[] = [];
    const { id, task, instead } = await claim(() => {
      task.lose("lost");
      return { frames: 3 };
    });
    instead({
      updateTask: ({ body }) => {
        offered.push([body.status, body.attempt, body.result]);
        if (body.status === "running") return { status: 200, body: { ...task.task, status: "running" } };
        throw new Problem("task-lost", "its result is kept");
      },
    });

    const outcome = await task.run();

    expect(outcome).toEqual({ status: "lost", reason: "lost" });
    expect(offered).toEqual([
      ["running", 1, undefined],
      ["completed", 1, { frames: 3 }],
    ]);
    expect(task.id).toBe(id);
  });

  test("that is cancelled aborts its signal with the reason", async () => {
    const { fake, id, task } = await claim(({ signal }) => {
      queueMicrotask(() => fake.cancel(id));
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });

    const outcome = await task.run();

    expect(outcome).toEqual({ status: "lost", reason: "cancelled" });
    expect(fake.task(id)).toMatchObject({ status: "cancelled", error: null });
  });

  test("of a job that this process does not know fails, and the loop goes on", async () => {
    const { fake, client, jobs, stream, task } = await claim(() => "fine");
    const body = { category: "tests", name: "Strange", schema: {}, worker_id: jobs.workerId };
    await client.call("registerJob", { params: { room_id: "lab" }, body });
    await task.run();
    const strange = fake.submit("lab", "private:tests:Strange");

    await (await take(stream.next())).run();
    const next = fake.submit("lab", "private:tests:Job");
    await (await take(stream.next())).run();

    expect(fake.task(strange.id).error).toMatch(/does not know the job private:tests:Strange/);
    expect(fake.task(next.id).status).toBe("completed");
  });

  test("that is interrupted fails at once, though its work goes on", async () => {
    const { fake, id, jobs, task } = await claim(() => new Promise(() => {}));
    const outcome = task.run();
    await fake.until(id, ({ status }) => status === "running");

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
        if (request.body?.status !== "completed") return fake.fakes.updateTask?.(request) as never;
        asked.resolve();
        await answer.promise;
        throw new Problem("task-lost", "somebody else has it");
      },
    });
    const outcome = task.run();
    await fake.until(id, ({ status }) => status === "running");
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

const cycle = (): object => {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  return value;
};

/** What the fake itself would have answered. */
const passOn = (
  fake: ReturnType<typeof startFake>["fake"],
  request: Parameters<NonNullable<typeof fake.fakes.updateTask>>[0],
) => {
  const { updateTask } = fake.fakes;
  if (updateTask === undefined) throw new Error("the fake has no updateTask");
  return updateTask(request);
};
