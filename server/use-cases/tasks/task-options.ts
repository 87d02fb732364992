import {
  type Backoff,
  DEFAULT_BACKOFF,
  type FieldError,
  MAX_DELAY_SECONDS,
  type TaskDefaults,
  type TaskSubmission,
} from "../../../protocol/index.ts";
import type { NewTask } from "../../records.ts";
import type { TaskOptions } from "../../storage/task-columns.ts";

type Options = TaskOptions & Pick<NewTask, "start">;

/**
 * Validates the options that depend on the current time. The zod schema of the request validates all others.
 */
export const findOptionErrors = ({ run_at }: TaskSubmission, prefix: string): FieldError[] => {
  const latest = Date.now() + MAX_DELAY_SECONDS * 1000;
  if (run_at === undefined || Date.parse(run_at) <= latest) return [];
  return [{ pointer: `${prefix}/run_at`, detail: "must be at most 366 days in the future" }];
};

const NOW = { inSeconds: 0 } as const;

const resolveStart = (submission: TaskSubmission, defaults: TaskDefaults): NewTask["start"] => {
  const { run_at, delay_seconds } = submission;
  if (run_at !== undefined) {
    const at = Date.parse(run_at);
    return at <= Date.now() ? NOW : { at: new Date(at).toISOString() };
  }
  const inSeconds = delay_seconds ?? defaults.delay_seconds ?? 0;
  return inSeconds === 0 ? NOW : { inSeconds };
};

const mergeBackoff = (own: TaskSubmission["backoff"], defaults: TaskDefaults["backoff"]): Backoff => ({
  kind: own?.kind ?? defaults?.kind ?? DEFAULT_BACKOFF.kind,
  seconds: own?.seconds ?? defaults?.seconds ?? DEFAULT_BACKOFF.seconds,
  max_seconds: own?.max_seconds ?? defaults?.max_seconds ?? DEFAULT_BACKOFF.max_seconds,
  jitter: own?.jitter ?? defaults?.jitter ?? DEFAULT_BACKOFF.jitter,
});

const mergedDefaults = new WeakMap<object, Backoff>();

/**
 * Returns the same object for all tasks without their own backoff. The options of tasks are compared later, and
 * comparing an object with itself takes less time.
 */
const resolveBackoff = ({ backoff: own }: TaskSubmission, { backoff: jobDefault }: TaskDefaults): Backoff => {
  if (own !== undefined) return mergeBackoff(own, jobDefault);
  if (jobDefault === undefined) return DEFAULT_BACKOFF;
  const merged = mergedDefaults.get(jobDefault) ?? mergeBackoff(undefined, jobDefault);
  mergedDefaults.set(jobDefault, merged);
  return merged;
};

/** Resolves the options of a task. The order is: the submission, the job, joblib's defaults. */
export const resolveTaskOptions = (submission: TaskSubmission, defaults: TaskDefaults): Options => {
  const { timeout_seconds } = submission;
  return {
    priority: submission.priority ?? defaults.priority ?? 0,
    maxAttempts: submission.max_attempts ?? defaults.max_attempts ?? 1,
    backoff: resolveBackoff(submission, defaults),
    timeoutSeconds: (timeout_seconds === undefined ? defaults.timeout_seconds : timeout_seconds) ?? null,
    start: resolveStart(submission, defaults),
  };
};
