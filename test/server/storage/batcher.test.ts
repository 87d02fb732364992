import { describe, expect, test } from "vitest";
import { type BatchOptions, createBatcher } from "../../../server/storage/batcher.ts";
import { StorageUnavailable } from "../../../server/storage/storage-unavailable.ts";

/** A statement that a test ends by hand. */
const aStatement = (more: Partial<BatchOptions<string, string>> = {}) => {
  const sent: { wishes: readonly string[]; answer: PromiseWithResolvers<readonly string[]> }[] = [];
  const join = createBatcher<string, string>({
    most: 10,
    run: (wishes) => {
      const answer = Promise.withResolvers<readonly string[]>();
      sent.push({ wishes, answer });
      return answer.promise;
    },
    ...more,
  });
  return {
    join,
    get sent() {
      return sent.map(({ wishes }) => wishes);
    },
    /** Answers the last statement: each wish with itself in upper case. */
    answer: () => {
      const last = sent.at(-1);
      last?.answer.resolve(last.wishes.map((wish) => wish.toUpperCase()));
    },
    fail: (error: Error) => sent.at(-1)?.answer.reject(error),
  };
};

/** A turn of the event loop. */
const aTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("concurrent calls", () => {
  test("of one turn share a statement, and each gets its own result", async () => {
    const statement = aStatement();

    const results = Promise.all(["a", "b", "c"].map((wish) => statement.join(wish)));
    await aTurn();
    statement.answer();

    expect(await results).toEqual(["A", "B", "C"]);
    expect(statement.sent).toEqual([["a", "b", "c"]]);
  });

  test("that come while a statement is in flight go into the next one, in their order", async () => {
    const statement = aStatement();
    const first = statement.join("a");
    await aTurn();

    const later = [statement.join("b"), statement.join("c")];
    await aTurn();
    expect(statement.sent).toEqual([["a"]]);
    statement.answer();
    expect(await first).toBe("A");
    await aTurn();
    statement.answer();

    expect(await Promise.all(later)).toEqual(["B", "C"]);
    expect(statement.sent).toEqual([["a"], ["b", "c"]]);
    const again = statement.join("d");
    await aTurn();
    statement.answer();
    expect(await again).toBe("D");
  });

  test("are split where they weigh too much; a heavy one goes alone, and nobody overtakes", async () => {
    const statement = aStatement({ most: 5, weightOf: (wish) => wish.length });
    const results = Promise.all(["aa", "bb", "cccccccc", "d"].map((wish) => statement.join(wish)));

    for (let turn = 0; turn < 3; turn += 1) {
      await aTurn();
      statement.answer();
    }

    expect(await results).toEqual(["AA", "BB", "CCCCCCCC", "D"]);
    expect(statement.sent).toEqual([["aa", "bb"], ["cccccccc"], ["d"]]);
  });

  test("of one key never share a statement, and keep their order", async () => {
    const statement = aStatement({ keyOf: (wish) => wish.slice(0, 1) });
    const results = Promise.all(["a1", "a2", "b1", "a3"].map((wish) => statement.join(wish)));

    for (let turn = 0; turn < 3; turn += 1) {
      await aTurn();
      statement.answer();
    }

    expect(await results).toEqual(["A1", "A2", "B1", "A3"]);
    expect(statement.sent).toEqual([["a1", "b1"], ["a2"], ["a3"]]);
  });

  test("of different lanes neither share a statement nor wait for each other", async () => {
    const statement = aStatement({ laneOf: (wish) => wish.slice(0, 1) });

    const slow = statement.join("a1");
    await aTurn();
    const quick = statement.join("b1");
    await aTurn();
    statement.answer();

    expect(await quick).toBe("B1");
    expect(await Promise.race([slow, aTurn().then(() => "waits")])).toBe("waits");
  });
});

describe("a statement that fails", () => {
  test("is run again for each alone, so that the error is one member's", async () => {
    const asked: string[][] = [];
    const join = createBatcher<string, string>({
      most: 10,
      run: async (wishes) => {
        asked.push([...wishes]);
        if (wishes.includes("bad")) throw new Error("bad");
        return wishes;
      },
    });

    const results = await Promise.allSettled(["a", "bad", "c"].map((wish) => join(wish)));

    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(asked).toEqual([["a", "bad", "c"], ["a"], ["bad"], ["c"]]);
    expect(await join("d")).toBe("d");
  });

  test("because the database is away fails for all at once", async () => {
    const statement = aStatement();
    const results = Promise.allSettled(["a", "b"].map((wish) => statement.join(wish)));
    await aTurn();

    statement.fail(new StorageUnavailable(new Error("away")));

    expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(statement.sent).toHaveLength(1);
  });
});

test("a caller that is gone is left out of the statement", async () => {
  const statement = aStatement();
  const results = [statement.join("a", () => false), statement.join("b", () => true), statement.join("c")];
  await aTurn();
  statement.answer();

  expect(await Promise.all(results)).toEqual(["A", undefined, "C"]);
  expect(statement.sent).toEqual([["a", "c"]]);
});

test("where all are gone nothing is sent, and the next call is", async () => {
  const statement = aStatement();
  expect(await statement.join("a", () => true)).toBeUndefined();

  const next = statement.join("b");
  await aTurn();
  statement.answer();

  expect(await next).toBe("B");
  expect(statement.sent).toEqual([["b"]]);
});
