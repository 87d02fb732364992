import {
  type Backoff,
  DEFAULT_BACKOFF,
  type FieldError,
  MAX_DELAY_SECONDS,
  type TaskDefaults,
  type TaskSubmission,
} from "../../protocol/index.ts";
import type { NewTask } from "../storage/storage.ts";

type Options = Pick<NewTask, "priority" | "maxAttempts" | "backoff" | "timeoutSeconds" | "start">;

/** What keeps the options of a submission from being taken; its zod schema has checked the rest. */
export const findOptionErrors = ({ run_at }: TaskSubmission, prefix: string): FieldError[] => {
  const latest = Date.now() + MAX_DELAY_SECONDS * 1000;
  if (run_at === undefined || Date.parse(run_at) <= latest) return [];
  return [{ pointer: `${prefix}/run_at`, detail: "must be at most 366 days ahead" }];
};

const NOW = { inSeconds: 0 } as const;

const startOf = (submission: TaskSubmission, defaults: TaskDefaults): NewTask["start"] => {
  const { run_at, delay_seconds } = submission;
  if (run_at !== undefined) {
    const at = Date.parse(run_at);
    return at <= Date.now() ? NOW : { at: new Date(at).toISOString() };
  }
  const inSeconds = delay_seconds ?? defaults.delay_seconds ?? 0;
  return inSeconds === 0 ? NOW : { inSeconds };
};

const merged = (own: TaskSubmission["backoff"], usual: TaskDefaults["backoff"]): Backoff => ({
  kind: own?.kind ?? usual?.kind ?? DEFAULT_BACKOFF.kind,
  seconds: own?.seconds ?? usual?.seconds ?? DEFAULT_BACKOFF.seconds,
  max_seconds: own?.max_seconds ?? usual?.max_seconds ?? DEFAULT_BACKOFF.max_seconds,
  jitter: own?.jitter ?? usual?.jitter ?? DEFAULT_BACKOFF.jitter,
});

const usuals = new WeakMap<object, Backoff>();

/** One object for all tasks that say nothing of their own: that is how the insert knows that they share it. */
const backoffOf = ({ backoff: own }: TaskSubmission, { backoff: usual }: TaskDefaults): Backoff => {
  if (own !== undefined) return merged(own, usual);
  if (usual === undefined) return DEFAULT_BACKOFF;
  const known = usuals.get(usual) ?? merged(undefined, usual);
  usuals.set(usual, known);
  return known;
};

/** The submission's options, then the job's, then the defaults. */
export const resolveTaskOptions = (submission: TaskSubmission, defaults: TaskDefaults): Options => {
  const { timeout_seconds } = submission;
  return {
    priority: submission.priority ?? defaults.priority ?? 0,
    maxAttempts: submission.max_attempts ?? defaults.max_attempts ?? 1,
    backoff: backoffOf(submission, defaults),
    timeoutSeconds: (timeout_seconds === undefined ? defaults.timeout_seconds : timeout_seconds) ?? null,
    start: startOf(submission, defaults),
  };
};
