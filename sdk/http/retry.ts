import { type OperationName, operations } from "../../protocol/index.ts";
import {
  ConnectionError,
  GatewayError,
  ProblemError,
  RateLimitedError,
  ServiceUnavailableError,
} from "../errors.ts";
import { type Abortable, sleep } from "./abort.ts";

/** Limits and delays of retries. */
export interface RetryPolicy {
  /** Maximum number of attempts, including the first one. */
  readonly attempts: number;
  /**
   * Upper bound of the first delay, in seconds. The bound doubles with every attempt, and each
   * delay is a random number between 0 and the bound.
   */
  readonly baseSeconds: number;
  /** Maximum of the upper bound of a delay, in seconds. */
  readonly maxSeconds: number;
  /** No attempt starts later than this number of seconds after the first one. */
  readonly deadlineSeconds: number;
}

/**
 * The default policy. If the server is down, a user who runs a command waits at most two seconds
 * for the error.
 */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 4,
  baseSeconds: 0.25,
  maxSeconds: 10,
  deadlineSeconds: 30,
};

/**
 * Codes of errors that occur before a request is sent. After such an error, every operation can be
 * retried.
 */
const NOT_SENT_CODES = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);
/** Codes of TLS errors, which retries cannot fix. */
const PERMANENT_CODES = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY))/;

/** Returns the code of the system error that caused an error, for example `ECONNREFUSED`. */
export const getSystemCode = (error: unknown): string | undefined => {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if ("code" in cause && typeof cause.code === "string") return cause.code;
  }
  return undefined;
};

/**
 * Returns true if the same call may succeed later: the caller sent too many requests, the server is
 * unavailable, or the connection failed.
 */
export const isTransient = (error: unknown): boolean =>
  error instanceof RateLimitedError ||
  error instanceof ServiceUnavailableError ||
  (error instanceof ConnectionError && !PERMANENT_CODES.test(getSystemCode(error) ?? ""));

/**
 * Returns true if the error is transient and a retry is safe: the operation is retryable, or the
 * failed attempt was certainly not executed.
 */
export const canRetry = (name: OperationName, error: unknown): boolean =>
  isTransient(error) &&
  (operations[name].retryable ||
    error instanceof RateLimitedError ||
    NOT_SENT_CODES.has(getSystemCode(error) ?? ""));

/**
 * Returns the seconds to wait before attempt `attempt + 1`: exponential backoff with full jitter,
 * plus the `Retry-After` of the error, of which at most one hour is used.
 */
export const getRetryDelay = (attempt: number, policy: RetryPolicy, error?: unknown): number => {
  const bound = Math.min(policy.maxSeconds, policy.baseSeconds * 2 ** Math.min(attempt - 1, 30));
  const hasRetryAfter = error instanceof GatewayError || error instanceof ProblemError;
  const retryAfter = hasRetryAfter ? (error.retryAfter ?? 0) : 0;
  return Math.random() * bound + Math.min(3600, retryAfter);
};

/**
 * Calls `attempt` until it succeeds. Throws the error of the last attempt if `isRetryable` returns
 * false for it, if the limits of the policy are reached, or if `signal` is aborted. If `signal` is
 * aborted during a delay, throws the signal's reason.
 */
export const withRetry = async <Value>(
  attempt: () => Promise<Value>,
  isRetryable: (error: unknown) => boolean,
  { policy, signal }: { readonly policy: RetryPolicy; readonly signal?: Abortable | undefined },
): Promise<Value> => {
  const deadline = performance.now() + policy.deadlineSeconds * 1000;
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= policy.attempts || signal?.aborted || !isRetryable(error)) throw error;
      const delayMs = getRetryDelay(tries, policy, error) * 1000;
      if (performance.now() + delayMs > deadline) throw error;
      await sleep(delayMs, signal);
    }
  }
};
