import type { OperationName } from "../protocol/index.ts";
import {
  ConnectionError,
  GatewayError,
  ProblemError,
  RateLimitedError,
  ServiceUnavailableError,
} from "./errors.ts";
import { sleep } from "./sleep.ts";

/** How often, and for how long, a call is tried. */
export interface RetryPolicy {
  /** Tries altogether, the first one included. */
  readonly attempts: number;
  /** The bound of the first delay; it doubles with every try, and the delay is anywhere below it. */
  readonly baseSeconds: number;
  readonly maxSeconds: number;
  /** No further try begins later than this after the first. */
  readonly deadlineSeconds: number;
}

/** Short enough for a person who waits at a prompt: two seconds at most where the server is not there. */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 4,
  baseSeconds: 0.25,
  maxSeconds: 10,
  deadlineSeconds: 30,
};

/**
 * Whether doing it twice is as good as once.
 * A lost claim comes back by the list of the next heartbeat, a worker made twice is swept;
 * a submit is the same by its key, which `submitTasks` does not have; `retry` could open a task that failed again meanwhile.
 */
const IS_RETRYABLE = {
  registerJob: true,
  listJobs: true,
  readJob: true,
  listJobTasks: true,
  validatePayload: true,
  createWorker: true,
  heartbeat: true,
  listWorkers: true,
  listRoomWorkers: true,
  readWorker: true,
  drainWorker: true,
  releaseTasks: true,
  removeWorker: true,
  listRooms: true,
  readRoomStats: true,
  readStats: true,
  readHealth: true,
  submitTask: true,
  submitTasks: false,
  submitBatch: true,
  listRoomTasks: true,
  // What the first one changed would be missing from the count of the second.
  cancelTasks: false,
  retryTasks: false,
  claimTask: true,
  claimTasks: true,
  readTask: true,
  readTaskLogs: true,
  diagnoseTask: true,
  listAttempts: true,
  updateTask: true,
  updateTasks: true,
  retryTask: false,
  listLateResults: true,
  // Twice is a conflict with the first.
  adoptLateResult: false,
  createInvitation: false,
  listInvitations: true,
  revokeInvitation: true,
  readCaller: true,
  listProblems: true,
  readProblem: true,
} as const satisfies Record<OperationName, boolean>;

const NOT_SENT_CODES = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);
const PERMANENT_CODES = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY))/;

/** The system's code at the root of a connection error, `ECONNREFUSED` for one. */
export const getSystemCode = (error: unknown): string | undefined => {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return undefined;
};

/** True for a failure that the same call may not meet again. */
export const isTransient = (error: unknown): boolean => {
  if (error instanceof RateLimitedError || error instanceof ServiceUnavailableError) return true;
  return error instanceof ConnectionError && !PERMANENT_CODES.test(getSystemCode(error) ?? "");
};

/** True where the call may be made again after this failure. */
export const canRetry = (name: OperationName, error: unknown): boolean => {
  if (!isTransient(error)) return false;
  if (IS_RETRYABLE[name] || error instanceof RateLimitedError) return true;
  return NOT_SENT_CODES.has(getSystemCode(error) ?? "");
};

/** The seconds that the server asks to be left alone for; an hour at most, whatever it says. */
const getRetryAfterSeconds = (error: unknown): number =>
  error instanceof GatewayError || error instanceof ProblemError ? Math.min(3600, error.retryAfter ?? 0) : 0;

/** Seconds before try number `attempt + 1`: full jitter over an exponential bound, but not before `Retry-After`. */
export const getRetryDelay = (attempt: number, policy: RetryPolicy, error?: unknown): number => {
  const bound = Math.min(policy.maxSeconds, policy.baseSeconds * 2 ** Math.min(attempt - 1, 30));
  return Math.random() * bound + getRetryAfterSeconds(error);
};

/** What ends the trying; a `LazyAbort` makes its signal when it is looked at, which is after a failure. */
interface Abort {
  readonly signal?: AbortSignal | undefined;
}

/** Tries until it succeeds, may not be tried again, or the policy has had enough: then the last error stands. */
export const withRetry = async <Value>(
  attempt: () => Promise<Value>,
  mayTryAgain: (error: unknown) => boolean,
  { policy, abort }: { readonly policy: RetryPolicy; readonly abort?: Abort | undefined },
): Promise<Value> => {
  const until = performance.now() + policy.deadlineSeconds * 1000;
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const signal = abort?.signal;
      if (tries >= policy.attempts || signal?.aborted || !mayTryAgain(error)) throw error;
      const delayMs = getRetryDelay(tries, policy, error) * 1000;
      if (performance.now() + delayMs > until) throw error;
      await sleep(delayMs, signal);
    }
  }
};
