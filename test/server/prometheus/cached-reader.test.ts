import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCachedReader } from "../../../server/prometheus/gauges.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/**
 * Returns a function that resolves after `milliseconds` with the number of the call, starting at 1.
 */
const createRead = (milliseconds: number) => {
  let count = 0;
  return async () => {
    count += 1;
    const number = count;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return number;
  };
};

describe("cached reader", () => {
  test("a cached reader shares one read between concurrent callers and caches it for a second", async () => {
    const read = createCachedReader(createRead(10));

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

  test("a cached reader caches a slow read for 19 times its duration", async () => {
    const read = createCachedReader(createRead(1000));

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

  test("a cached reader caches a failed read for a second", async () => {
    const failingRead = vi.fn(async () => {
      throw new Error("connection refused");
    });
    const read = createCachedReader(failingRead);

    await expect(read()).rejects.toThrow("connection refused");
    await expect(read()).rejects.toThrow("connection refused");
    expect(failingRead).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1001);
    await expect(read()).rejects.toThrow("connection refused");

    expect(failingRead).toHaveBeenCalledTimes(2);
  });
});
