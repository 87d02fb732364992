import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type FieldError,
  type JobAddress,
  type MinimalSubmittedTasks,
  Problem,
  type SubmittedTask,
  type TaskSubmission,
  type TraceContext,
} from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Context } from "../context.ts";
import type { ClaimedTaskRecord } from "../storage/claimed-task-record.ts";
import type { InsertOutcome, NewTask, RegisteredJob, TaskRecord } from "../storage/storage.ts";
import { DirectAssignment } from "./direct-assignment.ts";
import {
  createGroupedWorkEvents,
  createTaskChangedEvent,
  createWorkAvailableEvents,
  type ResultWithEvents,
} from "./events.ts";
import type { CachedJob } from "./job-cache.ts";
import { jobNotFound, resolveJobName } from "./job-names.ts";
import { findPayloadErrors, validationError } from "./schema-checks.ts";
import { findOptionErrors, resolveTaskOptions } from "./task-options.ts";
import { toWireTask } from "./wire.ts";

/** How often a job may change under a submit before it is told to come again. */
const MAX_TRIES = 5;

/** One task of a request, and where it stands in the body. */
export interface Submission {
  readonly jobName: string;
  readonly options: TaskSubmission;
  /** The JSON Pointer to it: empty where it is the whole body. */
  readonly pointer: string;
  readonly idempotency?: NewTask["idempotency"];
}

/** Tasks that are submitted together. */
export interface SubmitTasksInput {
  readonly roomId: string;
  readonly submissions: readonly Submission[];
  /** Where their submitter stands in a trace. */
  readonly traceContext?: TraceContext | undefined;
  /** The caller knows what it sent: what all of them share is told once. */
  readonly isMinimal?: boolean;
}

/** What a submit came to: new tasks, or the one that the idempotency key stands for. */
export interface SubmitTasksResult {
  readonly isReplay: boolean;
  /** None where `alike` tells of all of them. */
  readonly tasks: SubmittedTask[];
  readonly alike?: MinimalSubmittedTasks;
}

/** Which job each name means; a thousand tasks of a request have most often the same. */
const addressesOf = (submissions: readonly Submission[], roomId: string): ReadonlyMap<string, JobAddress> => {
  const addresses = new Map<string, JobAddress>();
  for (const { jobName } of submissions) {
    if (!addresses.has(jobName)) addresses.set(jobName, resolveJobName(jobName, roomId));
  }
  return addresses;
};

/** The jobs that are there, by the names that they were asked for by. */
const findJobs = async (
  { jobs }: Context,
  addresses: ReadonlyMap<string, JobAddress>,
  mustBeFresh: boolean,
): Promise<ReadonlyMap<string, CachedJob>> => {
  const found = new Map<string, CachedJob>();
  await Promise.all(
    Array.from(addresses, async ([jobName, address]) => {
      const seen = await jobs.of(address, mustBeFresh);
      if (seen !== undefined) found.set(jobName, seen);
    }),
  );
  return found;
};

const requireWorkers = async (
  { storage, settings }: Context,
  jobs: readonly RegisteredJob[],
): Promise<void> => {
  if (!settings.require_workers) return;
  for (const job of jobs) {
    const found = await storage.jobs.find(job, settings.worker_timeout_threshold);
    if (found !== undefined && found.workers.length > 0) continue;
    throw new Problem("no-workers-available", `No worker is there for ${job.category}:${job.name}.`);
  }
};

/** Tasks ready for their insert, and what was seen of their jobs. */
interface ToInsert {
  readonly tasks: NewTask[];
  readonly jobs: RegisteredJob[];
  readonly faults: readonly FieldError[];
  readonly isFresh: boolean;
}

interface From {
  readonly roomId: string;
  readonly caller: Caller;
  readonly traceContext: TraceContext | undefined;
  readonly addresses: ReadonlyMap<string, JobAddress>;
  readonly mustBeFresh: boolean;
}

const toInsert = async (
  context: Context,
  { roomId, caller, traceContext, addresses, mustBeFresh }: From,
  submissions: readonly Submission[],
): Promise<ToInsert> => {
  const found = await findJobs(context, addresses, mustBeFresh);
  const faults: FieldError[] = [];
  const tasks: NewTask[] = [];
  for (const { jobName, options, pointer, idempotency } of submissions) {
    const job = found.get(jobName)?.job;
    if (job === undefined) throw jobNotFound(jobName, roomId);
    const payload = options.payload ?? {};
    faults.push(...findOptionErrors(options, pointer));
    // What the check answers at once is not waited for: a bulk submit would give way a thousand times.
    const checked = findPayloadErrors(context, job, {
      payload,
      prefix: `${pointer}/payload`,
      userId: caller.actor.id,
    });
    faults.push(...(checked instanceof Promise ? await checked : checked));
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
  const seen = [...found.values()];
  return { tasks, jobs: seen.map(({ job }) => job), faults, isFresh: seen.every((one) => one.isFresh) };
};

const isGiven = ({ task }: TaskRecord, given: readonly ClaimedTaskRecord[]): boolean =>
  given.some(({ summary: brief }) => brief.id === task.id);

/** The answer of an insert that came to something. */
export const toSubmitTasksResult = (
  context: Context,
  outcome: Exclude<InsertOutcome, { kind: "job-changed" }>,
  isMinimal = false,
): ResultWithEvents<SubmitTasksResult> => {
  if (outcome.kind === "replayed") {
    if (!outcome.isSameRequest) {
      throw new Problem(
        "idempotency-conflict",
        "This Idempotency-Key was used in this room for another job or body.",
      );
    }
    const task = { ...toWireTask(context.settings, outcome.record), workers_online: outcome.workersOnline };
    // Told again: the first time may have been lost with its answer, by a server that was killed.
    return { value: { isReplay: true, tasks: [task] }, events: createWorkAvailableEvents([outcome.record]) };
  }
  const { groups, workersOnline, assigned: given } = outcome;
  context.meter.submitted(groups.reduce((sum, { ids }) => sum + ids.length, 0));
  const wire = (record: TaskRecord) => ({
    ...toWireTask(context.settings, record),
    workers_online: workersOnline.get(record.jobId) ?? 0,
  });
  const [one, ...others] = groups;
  // Nobody need be woken for what a worker has already.
  const left = given.length === 0 ? groups : groups.filter(({ first }) => !isGiven(first, given));
  // One of them is enough for the room's lists: whoever listens reads the whole list again.
  const events = [
    ...(one === undefined ? [] : [createTaskChangedEvent(one.first)]),
    ...createGroupedWorkEvents(left),
  ];
  if (isMinimal && one !== undefined && others.length === 0) {
    const { id: _, payload: __, ...common } = wire(one.first);
    return { value: { isReplay: false, tasks: [], alike: { common, ids: [...one.ids] } }, events };
  }
  return { value: { isReplay: false, tasks: outcome.records().map(wire) }, events };
};

/** A lone task is offered to whoever waits for one; who gets it is answered before the submitter. */
const insert = async (
  { storage, settings, waitingClaims }: Context,
  tasks: readonly NewTask[],
): Promise<InsertOutcome> => {
  const offer = new DirectAssignment(waitingClaims);
  let given: readonly ClaimedTaskRecord[] = [];
  try {
    const { chooseAssignee: handOver } = offer;
    const aliveWithinSeconds = settings.worker_timeout_threshold;
    const outcome = await storage.tasks.insert(tasks, { aliveWithinSeconds, chooseAssignee: handOver });
    if (outcome.kind === "inserted") given = outcome.assigned;
    return outcome;
  } finally {
    offer.settle(given);
    // A turn of the event loop, in which the waiting claim's answer is written.
    if (given.length > 0) await nextTurn();
  }
};

/** Submits tasks to jobs that are seen from a room, all or none. */
export const submitTasks = async (
  context: Context,
  caller: Caller,
  { roomId, submissions, traceContext, isMinimal = false }: SubmitTasksInput,
): Promise<ResultWithEvents<SubmitTasksResult>> => {
  const addresses = addressesOf(submissions, roomId);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const from = { roomId, caller, traceContext, addresses, mustBeFresh: tries > 0 };
    const { tasks, jobs, faults, isFresh } = await toInsert(context, from, submissions);
    if (faults.length > 0) {
      // What does not fit a job from memory may fit the one that is there now.
      if (!isFresh) continue;
      throw validationError("The task does not fit its job.", faults.slice(0, 100));
    }
    await requireWorkers(context, jobs);
    const outcome = await insert(context, tasks);
    if (outcome.kind !== "job-changed") return toSubmitTasksResult(context, outcome, isMinimal);
  }
  throw new Problem("service-unavailable", "The job keeps changing; try again.", { retryAfter: 1 });
};
