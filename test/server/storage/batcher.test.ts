import { describe, expect, test } from "vitest";
import { type BatchOptions, createBatcher } from "../../../server/storage/queue/batcher.ts";
import { StorageUnavailable } from "../../../server/storage/sessions/storage-errors.ts";

/** Creates a batcher whose batches the test completes itself. */
const createTestBatcher = (options: Partial<BatchOptions<string, string>> = {}) => {
  const batches: { calls: readonly string[]; completion: PromiseWithResolvers<readonly string[]> }[] = [];
  const addCall = createBatcher<string, string>({
    maxWeight: 10,
    run: (calls) => {
      const completion = Promise.withResolvers<readonly string[]>();
      batches.push({ calls, completion });
      return completion.promise;
    },
    ...options,
  });
  return {
    addCall,
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

/** Waits for the next turn of the event loop. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("createBatcher", () => {
  test("runs calls of the same turn in one batch and returns each its own result", async () => {
    const batcher = createTestBatcher();

    const results = Promise.all(["a", "b", "c"].map((call) => batcher.addCall(call)));
    await nextTurn();
    batcher.complete();

    expect(await results).toEqual(["A", "B", "C"]);
    expect(batcher.batches).toEqual([["a", "b", "c"]]);
  });

  test("puts calls that arrive while a batch is running into the next batch, in their order", async () => {
    const batcher = createTestBatcher();
    const first = batcher.addCall("a");
    await nextTurn();

    const later = [batcher.addCall("b"), batcher.addCall("c")];
    await nextTurn();
    expect(batcher.batches).toEqual([["a"]]);
    batcher.complete();
    expect(await first).toBe("A");
    await nextTurn();
    batcher.complete();

    expect(await Promise.all(later)).toEqual(["B", "C"]);
    expect(batcher.batches).toEqual([["a"], ["b", "c"]]);
    const again = batcher.addCall("d");
    await nextTurn();
    batcher.complete();
    expect(await again).toBe("D");
  });

  test("splits a batch at its maximum weight, runs a too heavy call separately, and keeps the order", async () => {
    const batcher = createTestBatcher({ maxWeight: 5, getWeight: (call) => call.length });
    const results = Promise.all(["aa", "bb", "cccccccc", "d"].map((call) => batcher.addCall(call)));

    for (let turn = 0; turn < 3; turn += 1) {
      await nextTurn();
      batcher.complete();
    }

    expect(await results).toEqual(["AA", "BB", "CCCCCCCC", "D"]);
    expect(batcher.batches).toEqual([["aa", "bb"], ["cccccccc"], ["d"]]);
  });

  test("never puts calls with the same key into one batch, and keeps their order", async () => {
    const batcher = createTestBatcher({ getKey: (call) => call.slice(0, 1) });
    const results = Promise.all(["a1", "a2", "b1", "a3"].map((call) => batcher.addCall(call)));

    for (let turn = 0; turn < 3; turn += 1) {
      await nextTurn();
      batcher.complete();
    }

    expect(await results).toEqual(["A1", "A2", "B1", "A3"]);
    expect(batcher.batches).toEqual([["a1", "b1"], ["a2"], ["a3"]]);
  });

  test("runs calls in different lanes in separate batches that do not wait for each other", async () => {
    const batcher = createTestBatcher({ getLane: (call) => call.slice(0, 1) });

    const slow = batcher.addCall("a1");
    await nextTurn();
    const fast = batcher.addCall("b1");
    await nextTurn();
    batcher.complete();

    expect(await fast).toBe("B1");
    expect(await Promise.race([slow, nextTurn().then(() => "waits")])).toBe("waits");
  });
});

describe("a batch that fails", () => {
  test("is run again with each call separately, so that only the faulty call fails", async () => {
    const batches: string[][] = [];
    const addCall = createBatcher<string, string>({
      maxWeight: 10,
      run: async (calls) => {
        batches.push([...calls]);
        if (calls.includes("bad")) throw new Error("bad");
        return calls;
      },
    });

    const results = await Promise.allSettled(["a", "bad", "c"].map((call) => addCall(call)));

    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(batches).toEqual([["a", "bad", "c"], ["a"], ["bad"], ["c"]]);
    expect(await addCall("d")).toBe("d");
  });

  test("fails for all calls immediately if the database is unavailable", async () => {
    const batcher = createTestBatcher();
    const results = Promise.allSettled(["a", "b"].map((call) => batcher.addCall(call)));
    await nextTurn();

    batcher.fail(new StorageUnavailable(new Error("connection lost")));

    expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(batcher.batches).toHaveLength(1);
  });
});

test("a batcher omits a call from the batch if its client is gone", async () => {
  const batcher = createTestBatcher();
  const results = [batcher.addCall("a", () => false), batcher.addCall("b", () => true), batcher.addCall("c")];
  await nextTurn();
  batcher.complete();

  expect(await Promise.all(results)).toEqual(["A", undefined, "C"]);
  expect(batcher.batches).toEqual([["a", "c"]]);
});

test("a batcher runs no batch if all clients are gone, and runs the next call", async () => {
  const batcher = createTestBatcher();
  expect(await batcher.addCall("a", () => true)).toBeUndefined();

  const next = batcher.addCall("b");
  await nextTurn();
  batcher.complete();

  expect(await next).toBe("B");
  expect(batcher.batches).toEqual([["b"]]);
});
