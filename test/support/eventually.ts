import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

export interface EventuallyOptions {
  timeoutMs?: number;
  intervalMs?: number;
  signal?: AbortSignal;
  /** Name of the value in the error message. */
  what?: string;
}

/**
 * Calls `read` until `isDone` accepts the value, and returns the value. By default, `isDone`
 * accepts every truthy value. If `read` throws, it is called again. After `timeoutMs` (10 s by
 * default), throws an error with the last value or the last error.
 *
 * @example await eventually(() => client.task(id), ({ status }) => status === "completed");
 */
export async function eventually<T>(
  read: () => T | Promise<T>,
  isDone: (value: T) => boolean = Boolean,
  options: EventuallyOptions = {},
): Promise<T> {
  const { timeoutMs = 10_000, intervalMs = 20, signal, what = "the condition" } = options;
  const deadline = performance.now() + timeoutMs;

  for (;;) {
    signal?.throwIfAborted();
    const last = await attempt(read);
    if ("value" in last && isDone(last.value)) return last.value;

    if (performance.now() >= deadline) {
      const lastState =
        "value" in last
          ? `the last value was ${inspect(last.value, { depth: 4 })}`
          : `it threw ${last.error}`;
      throw new Error(
        `${what} was not met within ${timeoutMs} ms; ${lastState}`,
        "error" in last ? { cause: last.error } : {},
      );
    }
    await delay(intervalMs, undefined, signal === undefined ? {} : { signal });
  }
}

async function attempt<T>(read: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await read() };
  } catch (error) {
    return { error };
  }
}
