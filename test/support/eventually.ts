import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

/** How long and how often `eventually` looks. */
export interface EventuallyOptions {
  timeoutMs?: number;
  intervalMs?: number;
  signal?: AbortSignal;
  /** What is awaited, for the error's first words. */
  what?: string;
}

/**
 * Reads a value until it holds (is truthy, unless said otherwise) and returns it; a reading that throws counts as not yet.
 *
 * @example
 * const task = await eventually(() => client.task(id), (task) => task.status === "completed");
 */
export async function eventually<T>(
  read: () => T | Promise<T>,
  holds: (value: T) => boolean = Boolean,
  options: EventuallyOptions = {},
): Promise<T> {
  const { timeoutMs = 10_000, intervalMs = 20, signal, what = "the condition" } = options;
  const deadline = performance.now() + timeoutMs;

  for (;;) {
    signal?.throwIfAborted();
    const last = await attempt(read);
    if ("value" in last && holds(last.value)) return last.value;

    if (performance.now() >= deadline) {
      const seen =
        "value" in last
          ? `the last value was ${inspect(last.value, { depth: 4 })}`
          : `it threw ${last.error}`;
      throw new Error(
        `${what} did not hold within ${timeoutMs} ms; ${seen}`,
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
