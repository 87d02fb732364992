import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Problem } from "../../../protocol/index.ts";
import { TaskLostError } from "../../../sdk/errors.ts";
import { callFake, claimTask, getTask } from "./claim.ts";

describe("ClaimedTask.run", () => {
  test("ClaimedTask.run starts the task, runs it with its parameters, and completes it", async () => {
    const { fake, id, task } = await claimTask(({ task: started }, context) => [context, started.status]);

    const outcome = await task.run();

    expect(outcome.status).toBe("completed");
    expect(fake.task(id)).toMatchObject({
      status: "completed",
      runs: 1,
      result: ["the manager's context", "running"],
    });
  });

  test("ClaimedTask.run passes its argument to the job instead of the context of the JobManager, and stores an undefined result as null", async () => {
    const { fake, id, task } = await claimTask((_, context) => (context === "mine" ? undefined : context));

    await task.run("mine");

    expect(fake.task(id)).toMatchObject({ status: "completed", result: null });
  });

  test("ClaimedTask.run fails the task with the message of a thrown error, and does not throw", async () => {
    const { fake, id, task } = await claimTask(() => {
      throw new RangeError("too far \u0000", { cause: new Error("the wall") });
    });

    const outcome = await task.run();

    expect(outcome).toMatchObject({
      status: "failed",
      error: "RangeError: too far \ufffd (caused by: the wall)",
    });
    expect(fake.task(id)).toMatchObject({ status: "failed" });
  });

  test("ClaimedTask.run stores at most 64 KiB of a long error", async () => {
    const { fake, id, task } = await claimTask(() => {
      throw new Error("😀".repeat(50_000));
    });

    await task.run();

    const error = fake.task(id).error ?? "";
    expect(Buffer.byteLength(error)).toBeLessThanOrEqual(65_536);
    expect(error).toMatch(/😀… \(truncated\)$/u);
  });

  test("ClaimedTask.run fails a task with an invalid payload without running it", async () => {
    let ran = false;
    const work = () => {
      ran = true;
    };
    const { fake, id, task } = await claimTask(work, { payload: { size: "big" } });

    await task.run();

    expect(ran).toBe(false);
    expect(fake.task(id)).toMatchObject({ status: "failed", started_at: null });
    expect(fake.task(id).error).toMatch(/^invalid payload: Job: \/size: .*number/);
  });

  test.each([
    ["a map", () => new Map(), /the result cannot be stored: NotJsonError: the value is a Map/],
    ["a cycle", () => cycle(), /circular/],
    ["infinity", () => ({ x: Number.POSITIVE_INFINITY }), /"x" is Infinity/],
    ["not a number", () => [Number.NaN], /"0" is NaN/],
    ["a bigint", () => 1n, /is a bigint/],
    ["bytes", () => new Uint8Array(2), /binary data/],
    ["a lone surrogate", () => ({ x: "\ud800" }), /"x" contains a lone surrogate/],
    ["U+0000", () => "a\u0000b", /the value contains the character U\+0000/],
    ["a name that cannot be stored", () => ({ "\u0000": 1 }), /the name "\\u0000" contains the character/],
    ["100,000 nested arrays", () => nested(100_000), /the result cannot be stored: NotJsonError/],
  ])("ClaimedTask.run fails a task whose result is %s", async (_, work, error) => {
    const { fake, id, task } = await claimTask(work);

    await task.run();

    expect(fake.task(id)).toMatchObject({ status: "failed" });
    expect(fake.task(id).error).toMatch(error);
  });

  test("ClaimedTask.run fails a task whose result does not match its schema", async () => {
    const { fake, id, task } = await claimTask(() => ({ turned: "far" }), {
      result: z.object({ turned: z.number() }),
    });

    await task.run();

    expect(fake.task(id).error).toMatch(/the result cannot be stored: .*\/result\/turned/);
  });

  test("ClaimedTask.run fails a task whose result is too large for the server", async () => {
    const { fake, id, override, task } = await claimTask(() => "much");
    override({
      updateTask: (request) => {
        if (request.body.status === "completed") throw new Problem("payload-too-large", "over 1 MiB");
        return callFake(fake, request);
      },
    });

    await task.run();

    expect(fake.task(id).error).toMatch(/cannot be stored: PayloadTooLargeError: over 1 MiB/);
  });

  test("ClaimedTask.run reports only the beginning of an error that is too large for the server", async () => {
    const { fake, id, override, task } = await claimTask(() => {
      throw new Error(`disk full ${"x".repeat(5_000)}`);
    });
    override({
      updateTask: (request) => {
        if (JSON.stringify(request.body).length > 1_000) throw new Problem("payload-too-large", "over 1 KiB");
        return callFake(fake, request);
      },
    });

    const outcome = await task.run();

    expect(outcome.status).toBe("failed");
    expect(fake.task(id)).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/^disk full x+… \(truncated\)$/),
    });
  });

  test("ClaimedTask.run completes the task even if progress and log lines cannot be stored or the server rejects them", async () => {
    const { fake, id, override, task } = await claimTask(({ progress, log }) => {
      progress(0.1, "\ud800 \u0000");
      progress(Number.NaN, Object.create(null));
      log.info("\ud800 \u0000");
      log.info(Object.create(null));
      JSON.parse('[null, 7, "text"]').forEach(log.warn);
      return "done";
    });
    override({
      updateTask: (request) => {
        if (request.body.log !== undefined) throw new Problem("validation-error", "no lines today");
        return callFake(fake, request);
      },
    });

    const outcome = await task.run();

    expect(outcome.status).toBe("completed");
    expect(fake.task(id)).toMatchObject({ status: "completed", result: "done" });
  });

  test("ClaimedTask.run sends the completion of the task again if the response was lost", async () => {
    const { fake, id, override, task } = await claimTask(() => "done");
    let lost = 0;
    override({
      updateTask: async (request) => {
        const response = await callFake(fake, request);
        if (request.body.status === "completed" && lost++ < 2)
          throw new Problem("service-unavailable", "gone");
        return response;
      },
    });

    const outcome = await task.run();

    expect(outcome.status).toBe("completed");
    expect(lost).toBe(3);
    expect(fake.task(id)).toMatchObject({ status: "completed", result: "done" });
  });

  test("ClaimedTask.run discards the result of a task that was requeued, and returns the outcome `lost`", async () => {
    const { fake, id, task, lines } = await claimTask(() => {
      fake.requeue(id);
      return "too late";
    });

    const outcome = await task.run();

    expect(outcome).toEqual({ status: "lost", reason: "lost" });
    expect(task.signal.reason).toBeInstanceOf(TaskLostError);
    expect(fake.task(id)).toMatchObject({ status: "pending", result: null });
    expect(lines).toContain("discarded the outcome of a task");
  });

  test("ClaimedTask.run sends a late result once if the lease is lost during the run", async () => {
    const offered: unknown[] = [];
    const { id, task, override } = await claimTask(() => {
      task.markLost("lost");
      return { frames: 3 };
    });
    override({
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

  test("ClaimedTask.run aborts the signal of a cancelled task with the reason", async () => {
    const { fake, id, task } = await claimTask(({ signal }) => {
      queueMicrotask(() => fake.cancel(id));
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });

    const outcome = await task.run();

    expect(outcome).toEqual({ status: "lost", reason: "cancelled" });
    expect(fake.task(id)).toMatchObject({ status: "cancelled", error: null });
  });

  test("ClaimedTask.run fails the task of an unregistered job and continues with the next task", async () => {
    const { fake, client, jobs, stream, task } = await claimTask(() => "fine");
    const body = { category: "tests", name: "Strange", schema: {}, worker_id: jobs.workerId };
    await client.call("registerJob", { params: { room_id: "lab" }, body });
    await task.run();
    const strange = fake.submit("lab", "private:tests:Strange");

    await (await getTask(stream.next())).run();
    const next = fake.submit("lab", "private:tests:Job");
    await (await getTask(stream.next())).run();

    expect(fake.task(strange.id).error).toMatch(/job private:tests:Strange is not registered in this worker/);
    expect(fake.task(next.id).status).toBe("completed");
  });
});

const nested = (depth: number): unknown => {
  let value: unknown = 0;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
};

const cycle = (): object => {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  return value;
};
