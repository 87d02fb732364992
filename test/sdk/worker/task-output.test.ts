import { describe, expect, test } from "vitest";
import { MAX_PARTS_PER_UPDATE, Problem, type TaskUpdates } from "../../../protocol/index.ts";
import { OutputTooLargeError } from "../../../sdk/errors.ts";
import type { RunContext } from "../../../sdk/extension/extension.ts";
import { NotJsonError } from "../../../sdk/extension/json.ts";
import { callFake, claimTask } from "./claim.ts";

type Claimed = Awaited<ReturnType<typeof claimTask>>;

/** Records the updates with output. `respond` may throw a problem instead of storing the parts. */
const recordOutputs = ({ fake, override }: Claimed, respond: (call: number) => void = () => {}) => {
  const outputs: NonNullable<TaskUpdates["updates"][number]["output"]>[] = [];
  const { updateTasks } = fake.fakes;
  override({
    updateTasks(request) {
      for (const { output } of request.body.updates) {
        if (output === undefined) continue;
        outputs.push(output);
        respond(outputs.length);
      }
      if (updateTasks === undefined) throw new Error("the fake has no updateTasks");
      return updateTasks(request);
    },
  });
  return outputs;
};

describe("the output of a task", () => {
  test("the output of a task contains the parts that an async generator yields, and the result is the value that the generator returns", async () => {
    const { fake, id, task } = await claimTask(async function* () {
      yield "Hello";
      yield ", world";
      yield { tokens: 2 };
      return { done: true };
    });

    expect(await task.run()).toMatchObject({ status: "completed", task: { result: { done: true } } });
    expect(fake.output(id)).toEqual(["Hello", ", world", { tokens: 2 }]);
  });

  test("the output of a task contains the parts that a generator yields, and the result is null if the generator returns nothing", async () => {
    const { fake, id, task } = await claimTask(function* () {
      for (let number = 0; number < 5; number += 1) yield number;
    });

    expect(await task.run()).toMatchObject({ status: "completed", task: { result: null } });
    expect(fake.output(id)).toEqual([0, 1, 2, 3, 4]);
  });

  test("the output of a task contains what `run.output` and `task.output` write, also if the calls are not awaited", async () => {
    const { fake, id, task } = await claimTask(({ output }) => {
      void output.write("one");
      void output.write(2);
      void task.output.write(["three"]);
    });

    expect((await task.run()).status).toBe("completed");
    expect(fake.output(id)).toEqual(["one", 2, ["three"]]);
  });

  test("the output of a task is stored before the task fails", async () => {
    const { fake, id, task } = await claimTask(function* () {
      yield "so far";
      throw new Error("no more");
    });

    expect(await task.run()).toMatchObject({ status: "failed", error: "no more" });
    expect(fake.output(id)).toEqual(["so far"]);
  });

  test("the output of a task is stored before the task is completed with `task.complete`", async () => {
    const { fake, id, task } = await claimTask(() => {});
    await task.start();
    void task.output.write("a");

    await task.complete(1);

    expect(fake.output(id)).toEqual(["a"]);
    expect(fake.task(id).status).toBe("completed");
  });

  test("the output of a task is sent in batches, one request at a time, and each part once", async () => {
    const claimed = await claimTask(async ({ output }: RunContext) => {
      for (let number = 0; number < 5000; number += 1) await output.write(number);
    });
    const outputs = recordOutputs(claimed);

    expect((await claimed.task.run()).status).toBe("completed");

    expect(claimed.fake.output(claimed.id)).toEqual(Array.from({ length: 5000 }, (_, number) => number));
    expect(outputs.length).toBeLessThan(20);
    for (const { parts } of outputs) expect(parts.length).toBeLessThanOrEqual(MAX_PARTS_PER_UPDATE);
  });

  test("the output of a task is not duplicated if the response to a request is lost or the server is too busy", async () => {
    const claimed = await claimTask(function* () {
      yield* ["a", "b", "c"];
    });
    const { fake } = claimed;
    const { updateTasks } = fake.fakes;
    let calls = 0;
    claimed.override({
      async updateTasks(request) {
        calls += 1;
        if (calls === 1) throw new Problem("rate-limited", "slow down");
        if (updateTasks === undefined) throw new Error("the fake has no updateTasks");
        const response = await updateTasks(request);
        if (calls === 2) throw new Problem("service-unavailable", "the response is lost");
        return response;
      },
    });

    expect((await claimed.task.run()).status).toBe("completed");
    expect(calls).toBeGreaterThanOrEqual(3);
    expect(fake.output(claimed.id)).toEqual(["a", "b", "c"]);
  });

  test("a worker that writes output faster than the server accepts parts has to wait", async () => {
    const gate = Promise.withResolvers<void>();
    let written = 0;
    const claimed = await claimTask(async ({ output }: RunContext) => {
      for (; written < 200; written += 1) await output.write("x".repeat(1000));
    });
    const { updateTasks } = claimed.fake.fakes;
    claimed.override({
      async updateTasks(request) {
        await gate.promise;
        if (updateTasks === undefined) throw new Error("the fake has no updateTasks");
        return updateTasks(request);
      },
    });

    const running = claimed.task.run();
    await claimed.fake.waitFor(claimed.id, ({ status }) => status === "running");
    await expect.poll(() => written).toBeGreaterThan(60);
    expect(written).toBeLessThan(100);
    gate.resolve();

    expect((await running).status).toBe("completed");
    expect(claimed.fake.output(claimed.id)).toHaveLength(200);
  });

  test("a task whose output is too large fails with the reason, and the generator's finally block runs", async () => {
    let isClosed = false;
    const claimed = await claimTask(async function* () {
      try {
        for (;;) yield "x".repeat(70_000);
      } finally {
        isClosed = true;
      }
    });
    recordOutputs(claimed, (call) => {
      if (call > 2) throw new Problem("output-too-large", "The output is limited.");
    });

    const outcome = await claimed.task.run();

    expect(outcome).toMatchObject({
      status: "failed",
      error: expect.stringContaining("The output is limited."),
    });
    expect(outcome).toMatchObject({ cause: expect.any(OutputTooLargeError) });
    expect(isClosed).toBe(true);
    expect(claimed.fake.task(claimed.id).status).toBe("failed");
  });

  test("a write to the output rejects a part that is not JSON, and replaces the characters of a text that cannot be stored", async () => {
    const { fake, id, task } = await claimTask(async ({ output }: RunContext) => {
      await expect(output.write(Number.NaN)).rejects.toThrow(NotJsonError);
      await output.write("a\u0000\ud800b");
      await output.write("");
    });

    expect((await task.run()).status).toBe("completed");
    expect(fake.output(id)).toEqual(["a\ufffd\ufffdb"]);
  });

  test("a long text in the output is divided into parts without dividing a character", async () => {
    const text = `a${"😀".repeat(100_000)}`;
    const { fake, id, task } = await claimTask(({ output }: RunContext) => output.write(text));

    expect((await task.run()).status).toBe("completed");
    const parts = fake.output(id);
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.every((part) => typeof part === "string" && part.isWellFormed())).toBe(true);
    expect(parts.join("")).toBe(text);
  });

  test("a cancelled task stops its generator", async () => {
    let isClosed = false;
    const { fake, id, task } = await claimTask(async function* ({ signal }: RunContext) {
      try {
        yield "first";
        fake.cancel(id);
        while (!signal.aborted) yield "more";
        yield "last";
      } finally {
        isClosed = true;
      }
    });

    expect(await task.run()).toMatchObject({ status: "lost" });
    expect(isClosed).toBe(true);
    expect(fake.output(id)).not.toContain("last");
  });

  /** Records the results that the worker sends, and how the fake server responds to them. */
  const recordResults = ({ fake, override }: Claimed) => {
    const results: unknown[] = [];
    override({
      async updateTask(request) {
        try {
          return await callFake(fake, request);
        } catch (error) {
          if (error instanceof Problem) results.push([request.body.result, error.id]);
          throw error;
        }
      },
    });
    return results;
  };

  test.each([
    ["is rejected because the lease is lost", ({ fake, id }: Claimed) => void fake.requeue(id)],
    [
      "is being sent when the heartbeat reports that the lease is lost",
      ({ fake, id, task }: Claimed) => {
        fake.requeue(id);
        task.markLost("lost");
        throw new Problem("service-unavailable", "try again");
      },
    ],
  ])("the output of a task does not prevent a late result if the end of the output %s", async (_, lose) => {
    const claimed = await claimTask(function* () {
      yield "the end";
      return { frames: 3 };
    });
    const outputs = recordOutputs(claimed, () => lose(claimed));
    const results = recordResults(claimed);

    expect(await claimed.task.run()).toEqual({ status: "lost", reason: "lost" });

    expect(outputs).toEqual([{ number: 0, parts: ["the end"] }]);
    expect(results).toEqual([[{ frames: 3 }, "task-lost"]]);
    expect(claimed.lines).toContain("sent a late result");
  });

  test("the output of a task does not cause a late result if the task was cancelled", async () => {
    const claimed = await claimTask(function* () {
      yield "the end";
      return { frames: 3 };
    });
    recordOutputs(claimed, () => {
      claimed.fake.cancel(claimed.id);
      claimed.task.markLost("cancelled");
      throw new Problem("service-unavailable", "try again");
    });
    const results = recordResults(claimed);

    expect(await claimed.task.run()).toEqual({ status: "lost", reason: "cancelled" });
    expect(results).toEqual([]);
  });
});
