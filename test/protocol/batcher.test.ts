import { describe, expect, test } from "vitest";
import { Batcher, type BatcherOptions } from "../../protocol/batcher.ts";
import { StatementBatcher } from "../../server/storage/queue/batcher.ts";
import { StorageUnavailable } from "../../server/storage/sessions/storage-errors.ts";

/** Creates a batcher whose batches the test completes itself. */
const createTestBatcher = (options: Partial<BatcherOptions<string, string>> = {}) => {
  const batches: { calls: readonly string[]; completion: PromiseWithResolvers<readonly string[]> }[] = [];
  const batcher = new StatementBatcher<string, string>({
    maxWeight: 10,
    run: (calls) => {
      const completion = Promise.withResolvers<readonly string[]>();
      batches.push({ calls, completion });
      return completion.promise;
    },
    ...options,
  });
  return {
    add: batcher.add.bind(batcher),
    get batches() {
      return batches.map(({ calls }) => calls);
    },
    /** Completes the last batch. The result of a call is the call in upper case. */
    complete: () => {
      const last = batches.at(-1);
      last?.completion.resolve(last.calls.map((call) => call.toUpperCase()));
    },
    fail: (error: Error) => batches.at(-1)?.completion.reject(error),
  };
};

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("Batcher", () => {
  test("a batcher runs calls of the same turn of the event loop in one batch, and each call returns its own result", async () => {
    const batcher = createTestBatcher();

    const results = Promise.all(["a", "b", "c"].map((call) => batcher.add(call)));
    await nextTurn();
    batcher.complete();

    expect(await results).toEqual(["A", "B", "C"]);
    expect(batcher.batches).toEqual([["a", "b", "c"]]);
  });

  test("a batcher puts calls that arrive while a batch is running into the next batch, in their order", async () => {
    const batcher = createTestBatcher();
    const first = batcher.add("a");
    await nextTurn();

    const later = [batcher.add("b"), batcher.add("c")];
    await nextTurn();
    expect(batcher.batches).toEqual([["a"]]);
    batcher.complete();
    expect(await first).toBe("A");
    await nextTurn();
    batcher.complete();

    expect(await Promise.all(later)).toEqual(["B", "C"]);
    expect(batcher.batches).toEqual([["a"], ["b", "c"]]);
    const again = batcher.add("d");
    await nextTurn();
    batcher.complete();
    expect(await again).toBe("D");
  });

  test("a batcher splits a batch at its maximum weight, runs a heavier call separately, and keeps the order", async () => {
    const batcher = createTestBatcher({ maxWeight: 5, getWeight: (call) => call.length });
    const results = Promise.all(["aa", "bb", "cccccccc", "d"].map((call) => batcher.add(call)));

    for (let turn = 0; turn < 3; turn += 1) {
      await nextTurn();
      batcher.complete();
    }

    expect(await results).toEqual(["AA", "BB", "CCCCCCCC", "D"]);
    expect(batcher.batches).toEqual([["aa", "bb"], ["cccccccc"], ["d"]]);
  });

  test("a batcher never puts calls with the same key into one batch, and keeps their order", async () => {
    const batcher = createTestBatcher({ getKey: (call) => call.slice(0, 1) });
    const results = Promise.all(["a1", "a2", "b1", "a3"].map((call) => batcher.add(call)));

    for (let turn = 0; turn < 3; turn += 1) {
      await nextTurn();
      batcher.complete();
    }

    expect(await results).toEqual(["A1", "A2", "B1", "A3"]);
    expect(batcher.batches).toEqual([["a1", "b1"], ["a2"], ["a3"]]);
  });

  test("a batcher runs calls in different lanes in separate batches that do not wait for each other", async () => {
    const batcher = createTestBatcher({ getLane: (call) => call.slice(0, 1) });

    const slow = batcher.add("a1");
    await nextTurn();
    const fast = batcher.add("b1");
    await nextTurn();
    batcher.complete();

    expect(await fast).toBe("B1");
    expect(await Promise.race([slow, nextTurn().then(() => "waits")])).toBe("waits");
  });
});

describe("a batch that fails", () => {
  test("a batch that fails is run again with each call separately, so that only the faulty call fails", async () => {
    const batches: string[][] = [];
    const batcher = new Batcher<string, string>({
      maxWeight: 10,
      run: async (calls) => {
        batches.push([...calls]);
        if (calls.includes("bad")) throw new Error("bad");
        return calls;
      },
    });

    const results = await Promise.allSettled(["a", "bad", "c"].map((call) => batcher.add(call)));

    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(batches).toEqual([["a", "bad", "c"], ["a"], ["bad"], ["c"]]);
    expect(await batcher.add("d")).toBe("d");
  });

  test("a batch that fails rejects all its calls immediately if the database is unavailable", async () => {
    const batcher = createTestBatcher();
    const results = Promise.allSettled(["a", "b"].map((call) => batcher.add(call)));
    await nextTurn();

    batcher.fail(new StorageUnavailable(new Error("connection lost")));

    expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(batcher.batches).toHaveLength(1);
  });
});

test("a batcher omits a call from the batch if the client of the call has disconnected", async () => {
  const batcher = createTestBatcher();
  const results = [batcher.add("a", () => false), batcher.add("b", () => true), batcher.add("c")];
  await nextTurn();
  batcher.complete();

  expect(await Promise.all(results)).toEqual(["A", undefined, "C"]);
  expect(batcher.batches).toEqual([["a", "c"]]);
});

test("a batcher skips a batch whose clients have all disconnected, and runs the next call", async () => {
  const batcher = createTestBatcher();
  expect(await batcher.add("a", () => true)).toBeUndefined();

  const next = batcher.add("b");
  await nextTurn();
  batcher.complete();

  expect(await next).toBe("B");
  expect(batcher.batches).toEqual([["b"]]);
});

describe("a batcher with concurrent batches", () => {
  test("a batcher with concurrent batches runs a second batch only if it is full", async () => {
    const batcher = createTestBatcher({ maxWeight: 2, maxConcurrency: 2, schedule: setImmediate });
    const results = [batcher.add("a")];
    await nextTurn();

    results.push(batcher.add("b"));
    await nextTurn();
    expect(batcher.batches).toEqual([["a"]]);

    results.push(batcher.add("c"), batcher.add("d"));
    await nextTurn();
    expect(batcher.batches).toEqual([["a"], ["b", "c"]]);

    results.push(batcher.add("e"));
    await nextTurn();
    expect(batcher.batches).toHaveLength(2);
    batcher.complete();
    expect(await Promise.all(results.slice(1, 3))).toEqual(["B", "C"]);
    await nextTurn();
    expect(batcher.batches).toEqual([["a"], ["b", "c"], ["d", "e"]]);
  });
});

test("a batcher that delays each batch adds calls that follow a completed batch to the next batch", async () => {
  const batcher = createTestBatcher({ schedule: setImmediate });
  const again = batcher.add("a").then(() => batcher.add("a2"));
  await nextTurn();
  const waiting = batcher.add("b");
  batcher.complete();
  await expect.poll(() => batcher.batches.length).toBe(2);
  batcher.complete();

  expect(await Promise.all([again, waiting])).toEqual(["A2", "B"]);
  expect(batcher.batches).toEqual([["a"], ["b", "a2"]]);
});

describe("a batcher that runs single calls differently", () => {
  test("a batcher with a `runOne` function calls it for a batch of one call, and concurrently for all calls of a failed batch", async () => {
    const running: string[] = [];
    const end = Promise.withResolvers<void>();
    const batcher = new Batcher<string, string>({
      run: () => Promise.reject(new Error("rejected")),
      runOne: async (call) => {
        running.push(call);
        await end.promise;
        if (call === "bad") throw new Error("bad");
        return call;
      },
    });

    const results = Promise.allSettled(["a", "bad", "c"].map((call) => batcher.add(call)));
    await nextTurn();
    expect(running).toEqual(["a", "bad", "c"]);
    end.resolve();

    expect((await results).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await batcher.add("d")).toBe("d");
  });
});

test("a call fails with the error that its batch returns for it", async () => {
  const batcher = new Batcher<string, string>({ run: async () => ["A", new Error("bad")] });

  const results = await Promise.allSettled(["a", "b"].map((call) => batcher.add(call)));

  expect(results).toMatchObject([{ value: "A" }, { reason: { message: "bad" } }]);
});
