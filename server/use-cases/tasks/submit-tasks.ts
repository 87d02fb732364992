import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type FieldError,
  type JobAddress,
  Problem,
  type TaskSubmission,
  type TraceContext,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { ClaimedTaskRecord, InsertOutcome, NewTask, RegisteredJob, TaskRecord } from "../../records.ts";
import { DirectAssignment } from "../../state/direct-assignment.ts";
import type { CachedJob } from "../../state/job-cache.ts";
import type { CommonMembers, SubmittedWireTask } from "../../storage/task-columns.ts";
import { toWireTask } from "../../wire.ts";
import {
  createGroupedWorkEvents,
  createTaskChangedEvent,
  createWorkAvailableEvents,
  type ResultWithEvents,
} from "../events.ts";
import { jobNotFound, resolveJobName } from "../jobs/job-names.ts";
import { findPayloadErrors, validationError } from "../jobs/schema-checks.ts";
import { findOptionErrors, resolveTaskOptions } from "./task-options.ts";

/** Maximum number of times that a submit is tried if its job changes between the read and the insert. */
const MAX_TRIES = 5;
/** Maximum number of validation errors in a response. */
const MAX_ERRORS = 100;

/** One task of a request. */
export interface Submission {
  readonly jobName: string;
  readonly options: TaskSubmission;
  /** JSON Pointer to the task in the request body; empty if it is the whole body. */
  readonly pointer: string;
  readonly idempotency?: NewTask["idempotency"];
}

/** A request to submit several tasks in one transaction. */
export interface SubmitTasksInput {
  readonly roomId: string;
  readonly submissions: readonly Submission[];
  /** The trace context of the submitter. */
  readonly traceContext?: TraceContext | undefined;
  /** True if the caller prefers a minimal response (RFC 7240). */
  readonly isMinimal?: boolean;
}

/** The submitted tasks, or the task of an earlier request with the same idempotency key. */
export interface SubmitTasksResult {
  readonly isReplay: boolean;
  /** Empty if `minimal` is set, because `minimal` then contains the tasks. */
  readonly tasks: SubmittedWireTask[];
  readonly minimal?: { readonly common: CommonMembers; readonly ids: string[] };
}

/** Resolves each job name only once, because the tasks of a large request usually have the same job. */
const resolveJobNames = (
  submissions: readonly Submission[],
  roomId: string,
): ReadonlyMap<string, JobAddress> => {
  const addresses = new Map<string, JobAddress>();
  for (const { jobName } of submissions) {
    if (!addresses.has(jobName)) addresses.set(jobName, resolveJobName(jobName, roomId));
  }
  return addresses;
};

/** Reads the jobs that the request names. Returns those that exist, by name. */
const findJobs = async (
  { jobCache }: Context,
  addresses: ReadonlyMap<string, JobAddress>,
  mustBeFresh: boolean,
): Promise<ReadonlyMap<string, CachedJob>> => {
  const jobs = new Map<string, CachedJob>();
  await Promise.all(
    Array.from(addresses, async ([jobName, address]) => {
      const cached = await jobCache.find(address, mustBeFresh);
      if (cached !== undefined) jobs.set(jobName, cached);
    }),
  );
  return jobs;
};

const requireWorkers = async (
  { storage, settings }: Context,
  jobs: readonly RegisteredJob[],
): Promise<void> => {
  if (!settings.require_workers) return;
  for (const job of jobs) {
    const found = await storage.jobs.find(job, settings.worker_timeout_threshold);
    if (found !== undefined && found.workers.length > 0) continue;
    throw new Problem(
      "no-workers-available",
      `No worker is online for ${job.category}:${job.name}. Start one, then submit again.`,
    );
  }
};

/** Validated tasks that are ready to insert, and their jobs. */
interface PreparedTasks {
  readonly tasks: NewTask[];
  readonly jobs: RegisteredJob[];
  readonly errors: readonly FieldError[];
  /** False if a job came from the cache. Its schema may then be outdated. */
  readonly isFresh: boolean;
}

interface PrepareOptions {
  readonly roomId: string;
  readonly caller: Caller;
  readonly traceContext: TraceContext | undefined;
  readonly addresses: ReadonlyMap<string, JobAddress>;
  readonly mustBeFresh: boolean;
}

const prepareTasks = async (
  context: Context,
  { roomId, caller, traceContext, addresses, mustBeFresh }: PrepareOptions,
  submissions: readonly Submission[],
): Promise<PreparedTasks> => {
  const jobsByName = await findJobs(context, addresses, mustBeFresh);
  const errors: FieldError[] = [];
  const tasks: NewTask[] = [];
  for (const { jobName, options, pointer, idempotency } of submissions) {
    const job = jobsByName.get(jobName)?.job;
    if (job === undefined) throw jobNotFound(jobName, roomId);
    const payload = options.payload ?? {};
    errors.push(...findOptionErrors(options, pointer));
    // Only a promise is awaited. Otherwise a request with 1,000 tasks would yield to the event loop 1,000
    // times.
    const payloadErrors = findPayloadErrors(context, job, {
      payload,
      prefix: `${pointer}/payload`,
      userId: caller.actor.id,
    });
    errors.push(...(payloadErrors instanceof Promise ? await payloadErrors : payloadErrors));
    tasks.push({
      id: context.newId(),
      jobId: job.id,
      schemaHash: job.schemaHash,
      jobVersion: job.rowVersion,
      fairness: job.fairness,
      roomId,
      createdById: caller.actor.id,
      payload,
      ...resolveTaskOptions(options, job.defaults),
      idempotency: idempotency ?? null,
      traceContext,
    });
  }
  const cachedJobs = [...jobsByName.values()];
  return {
    tasks,
    jobs: cachedJobs.map(({ job }) => job),
    errors,
    isFresh: cachedJobs.every((one) => one.isFresh),
  };
};

const isAssigned = ({ task }: TaskRecord, assigned: readonly ClaimedTaskRecord[]): boolean =>
  assigned.some(({ summary }) => summary.id === task.id);

/** Converts the outcome of an insert. Throws a 409 if the idempotency key was used for another request. */
export const toSubmitTasksResult = (
  context: Context,
  outcome: Exclude<InsertOutcome, { kind: "job-changed" }>,
  isMinimal = false,
): ResultWithEvents<SubmitTasksResult> => {
  if (outcome.kind === "replayed") {
    if (!outcome.isSameRequest) {
      throw new Problem(
        "idempotency-conflict",
        "This Idempotency-Key was already used in this room for a different request. Use a new key.",
      );
    }
    const task = { ...toWireTask(context.settings, outcome.record), workers_online: outcome.workersOnline };
    // The event is published again, because the server may have been killed between the commit and the first
    // publication.
    const events = createWorkAvailableEvents([outcome.record]);
    return { value: { isReplay: true, tasks: [task] }, events };
  }
  const { groups, workersOnline, assigned } = outcome;
  context.meter.submitted(groups.reduce((sum, { ids }) => sum + ids.length, 0));
  const toSubmittedTask = (record: TaskRecord): SubmittedWireTask => ({
    ...toWireTask(context.settings, record),
    workers_online: workersOnline.get(record.jobId) ?? 0,
  });
  const [group, ...otherGroups] = groups;
  // For directly assigned tasks, no worker has to be woken.
  const pending = assigned.length === 0 ? groups : groups.filter(({ first }) => !isAssigned(first, assigned));
  // An event for one task is enough, because clients that show the list of a room then read the whole list
  // again.
  const changed = group === undefined ? [] : [createTaskChangedEvent(group.first)];
  const events = [...changed, ...createGroupedWorkEvents(pending)];
  if (isMinimal && group !== undefined && otherGroups.length === 0) {
    const { id: _, payload: __, ...common } = toSubmittedTask(group.first);
    return { value: { isReplay: false, tasks: [], minimal: { common, ids: [...group.ids] } }, events };
  }
  return { value: { isReplay: false, tasks: outcome.records().map(toSubmittedTask) }, events };
};

/**
 * Inserts tasks. A single task may be assigned directly to a waiting claim. In this case the claim is
 * answered before the submit.
 */
const insert = async (
  { storage, settings, waitingClaims }: Context,
  tasks: readonly NewTask[],
): Promise<InsertOutcome> => {
  const assignment = new DirectAssignment(waitingClaims);
  let assigned: readonly ClaimedTaskRecord[] = [];
  try {
    const { chooseAssignee } = assignment;
    const aliveWithinSeconds = settings.worker_timeout_threshold;
    const outcome = await storage.queue.insert(tasks, { aliveWithinSeconds, chooseAssignee });
    if (outcome.kind === "inserted") assigned = outcome.assigned;
    return outcome;
  } finally {
    assignment.finish(assigned);
    // The response to the waiting claim is written in this turn of the event loop, so it is sent before the
    // response to the submit.
    if (assigned.length > 0) await nextTurn();
  }
};

/** Submits tasks for jobs that are visible in a room. If one task is invalid, none is submitted. */
export const submitTasks = async (
  context: Context,
  caller: Caller,
  { roomId, submissions, traceContext, isMinimal = false }: SubmitTasksInput,
): Promise<ResultWithEvents<SubmitTasksResult>> => {
  const addresses = resolveJobNames(submissions, roomId);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const options = { roomId, caller, traceContext, addresses, mustBeFresh: tries > 0 };
    const { tasks, jobs, errors, isFresh } = await prepareTasks(context, options, submissions);
    if (errors.length > 0) {
      // The payload may match the current schema even if it does not match the cached one, so the job is read
      // again.
      if (!isFresh) continue;
      throw validationError("The task is invalid; see `errors`.", errors.slice(0, MAX_ERRORS));
    }
    await requireWorkers(context, jobs);
    const outcome = await insert(context, tasks);
    if (outcome.kind !== "job-changed") return toSubmitTasksResult(context, outcome, isMinimal);
  }
  throw new Problem(
    "service-unavailable",
    "The job is changed by other requests at the same time. Try again.",
    { retryAfter: 1 },
  );
};
