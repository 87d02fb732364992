import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCachedReader } from "../../../server/prometheus/cached-reader.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A look that takes so long, and counts itself. */
const looking = (milliseconds: number) => {
  let count = 0;
  return async () => {
    count += 1;
    const own = count;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return own;
  };
};

describe("a value that is looked up seldom", () => {
  test("is one for all who ask at once, and for a second", async () => {
    const read = createCachedReader(looking(10));

    const first = Promise.all([read(), read()]);
    await vi.advanceTimersByTimeAsync(10);
    expect(await first).toEqual([1, 1]);
    await vi.advanceTimersByTimeAsync(990);
    expect(await read()).toBe(1);
    await vi.advanceTimersByTimeAsync(20);
    const next = read();
    await vi.advanceTimersByTimeAsync(10);

    expect(await next).toBe(2);
  });

  test("is kept the longer the dearer it was", async () => {
    const read = createCachedReader(looking(1000));

    const first = read();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await first).toBe(1);
    await vi.advanceTimersByTimeAsync(18_900);
    expect(await read()).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    const next = read();
    await vi.advanceTimersByTimeAsync(1000);

    expect(await next).toBe(2);
  });

  test("that cannot be had is not asked for again at once", async () => {
    const look = vi.fn(async () => {
      throw new Error("away");
    });
    const read = createCachedReader(look);

    await expect(read()).rejects.toThrow("away");
    await expect(read()).rejects.toThrow("away");
    expect(look).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1001);
    await expect(read()).rejects.toThrow("away");

    expect(look).toHaveBeenCalledTimes(2);
  });
});
