import type { TaskDefaults, TaskSubmission } from "../../protocol/index.ts";

/**
 * The delay before the next attempt of a failed task. The server uses its defaults for missing
 * members.
 */
export interface BackoffOptions {
  /** `exponential` doubles the delay with every attempt. */
  readonly kind?: "exponential" | "fixed" | undefined;
  /** The delay before the second attempt, in seconds. */
  readonly seconds?: number | undefined;
  /** Maximum delay, in seconds. */
  readonly maxSeconds?: number | undefined;
  /** The random variation of the delay, from 0 to 1: 0.2 varies the delay by up to ±20 %. */
  readonly jitter?: number | undefined;
}

/** Task options that a job can set as defaults for all its tasks. */
export interface TaskDefaultOptions {
  /** Priority from −100 to 100; tasks with a higher priority run first. Default: 0. */
  readonly priority?: number | undefined;
  /** Seconds between the submit and the earliest claim. Default: 0. */
  readonly delaySeconds?: number | undefined;
  /** Maximum number of attempts. Default: 1. */
  readonly maxAttempts?: number | undefined;
  /** The delay between attempts. */
  readonly backoff?: BackoffOptions | undefined;
  /** Maximum duration of an attempt, in seconds; a longer attempt fails. Default: no limit. */
  readonly timeoutSeconds?: number | undefined;
}

/** The options of one task. They override the defaults of the job. */
export interface TaskOptions extends TaskDefaultOptions {
  /**
   * Time before which the task cannot be claimed: a `Date`, or a string in ISO 8601. Cannot be
   * combined with `delaySeconds`.
   */
  readonly runAt?: Date | string | undefined;
}

/** Converts options to the names of the HTTP API, for example `maxAttempts` to `max_attempts`. */
export function toWireDefaults(options: TaskDefaultOptions): TaskDefaults {
  const { priority, delaySeconds, maxAttempts, backoff, timeoutSeconds } = options;
  return {
    priority,
    delay_seconds: delaySeconds,
    max_attempts: maxAttempts,
    backoff: backoff && {
      kind: backoff.kind,
      seconds: backoff.seconds,
      max_seconds: backoff.maxSeconds,
      jitter: backoff.jitter,
    },
    timeout_seconds: timeoutSeconds,
  };
}

/** Converts the options of one task to the names of the HTTP API. */
export function toWireOptions(options: TaskOptions): Omit<TaskSubmission, "payload"> {
  const { runAt } = options;
  return { ...toWireDefaults(options), run_at: typeof runAt === "string" ? runAt : runAt?.toISOString() };
}
