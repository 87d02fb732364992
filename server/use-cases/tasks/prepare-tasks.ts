import {
  type Backoff,
  DEFAULT_BACKOFF,
  type FieldError,
  MAX_DELAY_SECONDS,
  type NamedTaskSubmission,
  Problem,
  type TaskDefaults,
  type TaskSubmission,
  type TraceContext,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { NewTask, RegisteredJob } from "../../records.ts";
import type { Attachment } from "../../storage/ports/files.ts";
import type { TaskOptions } from "../../storage/task-columns.ts";
import { checkPayloadFiles } from "../files/attach-files.ts";
import { jobNotFound, resolveJobName } from "../jobs/read-jobs.ts";
import { findPayloadErrors, prefixPointers } from "../jobs/schema-checks.ts";

/** Tasks to submit in one transaction. */
export interface SubmitRequest {
  readonly roomId: string;
  readonly tasks: readonly NamedTaskSubmission[];
  /** Returns the JSON Pointer to a task in the request body; empty if the task is the body. */
  readonly toPointer: (index: number) => string;
  /** The idempotency key of the only task. */
  readonly idempotency?: NewTask["idempotency"];
  /** The trace context of the submitter. */
  readonly traceContext: TraceContext | undefined;
}

/** Tasks to insert, and the files in their payloads. */
interface PreparedTasks {
  readonly newTasks: readonly NewTask[];
  readonly attachments: readonly Attachment[];
  readonly errors: readonly FieldError[];
}

/**
 * Converts the tasks of a request to tasks that are ready to insert. If there are validation
 * `errors`, nothing may be inserted. Throws a 404 if a job does not exist. Unless `mustBeFresh` is
 * true, the jobs may come from a cache and be outdated.
 */
export async function prepareTasks(
  context: Context,
  caller: Caller,
  { roomId, tasks, toPointer, idempotency = null, traceContext }: SubmitRequest,
  mustBeFresh: boolean,
): Promise<PreparedTasks> {
  const jobs = await findJobs(context, roomId, tasks, mustBeFresh);
  const userId = caller.actor.id;
  const errors: FieldError[] = [];
  const newTasks: NewTask[] = [];
  const attachments: Attachment[] = [];
  for (const [index, { job_name: jobName, payload = {}, ...options }] of tasks.entries()) {
    const job = jobs.get(jobName);
    if (job === undefined) throw jobNotFound(jobName, roomId);
    const pointer = toPointer(index);
    const payloadErrors = findPayloadErrors(context, job, payload, userId, `${pointer}/payload`);
    errors.push(...findStartErrors(options, pointer));
    // Awaits the errors only if they are a promise. Otherwise, a request with 1,000 tasks would
    // yield to other promises 1,000 times.
    errors.push(...(payloadErrors instanceof Promise ? await payloadErrors : payloadErrors));
    const id = context.newId();
    const checking =
      errors.length > 0
        ? undefined
        : checkPayloadFiles(context, caller, { schema: job.schema, payload, roomId, taskId: id });
    if (checking !== undefined) {
      const checked = await checking;
      attachments.push(...checked.attachments);
      errors.push(...prefixPointers(`${pointer}/payload`, checked.errors));
    }
    newTasks.push({
      id,
      jobId: job.id,
      schemaHash: job.schemaHash,
      jobVersion: job.rowVersion,
      fairness: job.fairness,
      roomId,
      createdById: userId,
      payload,
      ...resolveTaskOptions(options, job.defaults),
      idempotency,
      traceContext,
    });
  }
  if (errors.length === 0)
    await requireWorkers(
      context,
      [...jobs.values()].filter((job) => job !== undefined),
    );
  return { newTasks, attachments, errors };
}

/** Looks up each job once, because the tasks of a large request usually have the same job. */
async function findJobs(
  { jobCache }: Context,
  roomId: string,
  tasks: readonly NamedTaskSubmission[],
  mustBeFresh: boolean,
): Promise<ReadonlyMap<string, RegisteredJob | undefined>> {
  const names = [...new Set(tasks.map(({ job_name }) => job_name))];
  const addresses = names.map((name) => resolveJobName(name, roomId));
  const jobs = await Promise.all(addresses.map((address) => jobCache.find(address, mustBeFresh)));
  return new Map(names.map((name, index) => [name, jobs[index]]));
}

async function requireWorkers({ storage, settings }: Context, jobs: readonly RegisteredJob[]): Promise<void> {
  if (!settings.require_workers) return;
  for (const job of jobs) {
    const found = await storage.jobs.find(job, settings.worker_timeout_seconds);
    if (found !== undefined && found.workers.length > 0) continue;
    throw new Problem(
      "no-workers-available",
      `No worker is online for ${job.category}:${job.name}. Start one, then submit again.`,
    );
  }
}

/**
 * Validates `run_at`, whose latest value depends on the current time. The zod schema validates
 * everything else.
 */
function findStartErrors({ run_at }: TaskSubmission, pointer: string): FieldError[] {
  const latest = Date.now() + MAX_DELAY_SECONDS * 1000;
  if (run_at === undefined || Date.parse(run_at) <= latest) return [];
  return [{ pointer: `${pointer}/run_at`, detail: "must be at most 366 days in the future" }];
}

/**
 * Returns the options of a task: the value in the submission, otherwise the job's default,
 * otherwise joblib's default.
 */
export function resolveTaskOptions(
  submission: TaskSubmission,
  defaults: TaskDefaults,
): TaskOptions & Pick<NewTask, "start"> {
  const { timeout_seconds } = submission;
  return {
    priority: submission.priority ?? defaults.priority ?? 0,
    maxAttempts: submission.max_attempts ?? defaults.max_attempts ?? 1,
    backoff: resolveBackoff(submission.backoff, defaults.backoff),
    timeoutSeconds: (timeout_seconds === undefined ? defaults.timeout_seconds : timeout_seconds) ?? null,
    start: resolveStart(submission, defaults),
  };
}

function resolveBackoff(
  own: TaskSubmission["backoff"] = {},
  defaults: TaskDefaults["backoff"] = {},
): Backoff {
  return {
    kind: own.kind ?? defaults.kind ?? DEFAULT_BACKOFF.kind,
    seconds: own.seconds ?? defaults.seconds ?? DEFAULT_BACKOFF.seconds,
    max_seconds: own.max_seconds ?? defaults.max_seconds ?? DEFAULT_BACKOFF.max_seconds,
    jitter: own.jitter ?? defaults.jitter ?? DEFAULT_BACKOFF.jitter,
  };
}

function resolveStart({ run_at, delay_seconds }: TaskSubmission, defaults: TaskDefaults): NewTask["start"] {
  const inSeconds = delay_seconds ?? defaults.delay_seconds ?? 0;
  if (run_at === undefined) return { inSeconds };
  const at = Date.parse(run_at);
  return at <= Date.now() ? { inSeconds: 0 } : { at: new Date(at).toISOString() };
}
