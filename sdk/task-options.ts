import type { TaskDefaults, TaskSubmission } from "../protocol/index.ts";

/** How long to wait before another attempt; members left out take the server's defaults. */
export interface BackoffOptions {
  readonly kind?: "exponential" | "fixed" | undefined;
  readonly seconds?: number | undefined;
  readonly maxSeconds?: number | undefined;
  readonly jitter?: number | undefined;
}

/** The task options that a job may set for all of its tasks. */
export interface TaskDefaultOptions {
  /** −100 to 100, higher first. */
  readonly priority?: number | undefined;
  readonly delaySeconds?: number | undefined;
  /** How often it may be started; 1 is the default. */
  readonly maxAttempts?: number | undefined;
  readonly backoff?: BackoffOptions | undefined;
  /** Running longer is a failure. */
  readonly timeoutSeconds?: number | undefined;
}

/** The options of one task. */
export interface TaskOptions extends TaskDefaultOptions {
  /** Not claimed before; excludes `delaySeconds`. */
  readonly runAt?: Date | string | undefined;
}

/** The options by their names on the wire. */
export const toWireDefaults = (options: TaskDefaultOptions): TaskDefaults => {
  const { priority, delaySeconds, maxAttempts, backoff, timeoutSeconds } = options;
  const wire: TaskDefaults = {};
  if (priority !== undefined) wire.priority = priority;
  if (delaySeconds !== undefined) wire.delay_seconds = delaySeconds;
  if (maxAttempts !== undefined) wire.max_attempts = maxAttempts;
  if (backoff !== undefined) wire.backoff = toWireBackoff(backoff);
  if (timeoutSeconds !== undefined) wire.timeout_seconds = timeoutSeconds;
  return wire;
};

/** The options of one task by their names on the wire. */
export const toWireOptions = (options: TaskOptions): Omit<TaskSubmission, "payload"> => {
  const { runAt } = options;
  const wire = toWireDefaults(options);
  return runAt === undefined
    ? wire
    : { ...wire, run_at: typeof runAt === "string" ? runAt : runAt.toISOString() };
};

const toWireBackoff = ({ kind, seconds, maxSeconds, jitter }: BackoffOptions) => ({
  ...(kind !== undefined && { kind }),
  ...(seconds !== undefined && { seconds }),
  ...(maxSeconds !== undefined && { max_seconds: maxSeconds }),
  ...(jitter !== undefined && { jitter }),
});
