import { Failure } from "../../api/failure.ts";
import { sleep } from "../../api/sleep.ts";

/** An upload survives the restart of a server. */
const DEADLINE_MS = 300_000;
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;

/**
 * Returns true if the upload may continue. A conflict means that another request, for example one
 * whose connection was cut, still appends, or that the server has other bytes.
 */
const isInterruption = (error: unknown): boolean =>
  error instanceof Failure && (error.isTransient || error.id === "upload-conflict");

export interface RetryOptions {
  readonly signal: AbortSignal;
  /** Called before each pause. */
  readonly onRetry?: (() => void) | undefined;
}

/**
 * Runs a part of an upload, and repeats it after interruptions for up to five minutes. Continues
 * immediately if the browser is online again.
 */
export const withRetries = async <Result>(
  run: () => Promise<Result>,
  { signal, onRetry }: RetryOptions,
): Promise<Result> => {
  const startedAt = performance.now();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      if (!isInterruption(error) || performance.now() - startedAt > DEADLINE_MS) throw error;
      onRetry?.();
      await sleep(pause * (0.75 + Math.random() / 2), signal);
      signal.throwIfAborted();
    }
  }
};
