import { describe, expect, test } from "vitest";
import * as z from "zod";
import { Problem } from "../../protocol/index.ts";
import { TaskLostError } from "../../sdk/errors.ts";
import { claim, passOn, take } from "./claim.ts";

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
    ["not a number", () => [Number.NaN], /"0" is NaN/],
    ["a bigint", () => 1n, /is a bigint/],
    ["bytes", () => new Uint8Array(2), /binary data/],
    ["half of a surrogate pair", () => ({ x: "\ud800" }), /"x" has half of a surrogate pair/],
    ["U+0000", () => "a\u0000b", /the value has the character U\+0000/],
    ["a name that cannot be stored", () => ({ "\u0000": 1 }), /the name "\\u0000" has the character/],
    ["nested without an end in sight", () => nested(100_000), /the result cannot be kept: NotJsonError/],
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

  test("whose error is too large for the server, too, fails with the beginning of it", async () => {
    const { fake, id, instead, task } = await claim(() => {
      throw new Error(`disk full ${"x".repeat(5_000)}`);
    });
    instead({
      updateTask: (request) => {
        if (JSON.stringify(request.body).length > 1_000) throw new Problem("payload-too-large", "over 1 KiB");
        return passOn(fake, request);
      },
    });

    const outcome = await task.run();

    expect(outcome.status).toBe("failed");
    expect(fake.task(id)).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/^disk full x+… \(cut\)$/),
    });
  });

  test("is not failed by progress and log lines that nobody can store or that are refused", async () => {
    const { fake, id, instead, task } = await claim(({ progress, log }) => {
      progress(0.1, "\ud800 \u0000");
      progress(Number.NaN, Object.create(null));
      log.info("\ud800 \u0000");
      log.info(Object.create(null));
      JSON.parse('[null, 7, "text"]').forEach(log.warn);
      return "done";
    });
    instead({
      updateTask: (request) => {
        if (request.body.log !== undefined) throw new Problem("validation-error", "no lines today");
        return passOn(fake, request);
      },
    });

    const outcome = await task.run();

    expect(outcome.status).toBe("completed");
    expect(fake.task(id)).toMatchObject({ status: "completed", result: "done" });
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
      fake.requeue(id);
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
      task.markLost("lost");
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
