import { hash } from "node:crypto";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import canonicalize from "canonicalize";
import {
  type NamedTaskSubmission,
  Problem,
  type ProblemDocument,
  readTraceContext,
  type SubmitBatch,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { Assignee, ClaimedTaskRecord, InsertOutcome, NewTask, TaskRecord } from "../../records.ts";
import type { WaitingClaim } from "../../state/waiting-claim.ts";
import { type CommonMembers, hasSameValues, type SubmittedWireTask } from "../../storage/task-columns.ts";
import { toWireTask } from "../../wire.ts";
import { createTaskChangedEvent, createWorkAvailableEvents, publish } from "../events.ts";
import { attachFiles } from "../files/attach-files.ts";
import { resolveJobName } from "../jobs/read-jobs.ts";
import { validationError } from "../jobs/schema-checks.ts";
import { tooManyChanges } from "./find-task.ts";
import { prepareTasks, resolveTaskOptions, type SubmitRequest } from "./prepare-tasks.ts";

/** Maximum number of tries if a job changes between the read and the insert. */
const MAX_TRIES = 5;
/** Maximum number of validation errors in a response. */
const MAX_ERRORS = 100;

/** The inserted tasks, or the task of an earlier request with the same idempotency key. */
type Submitted = Exclude<InsertOutcome, { kind: "job-changed" }>;

/** Submits tasks for jobs that are visible in a room. If one task is invalid, none is submitted. */
export async function submitTasks(
  context: Context,
  caller: Caller,
  {
    isMinimal,
    ...request
  }: Omit<SubmitRequest, "toPointer" | "idempotency"> & { readonly isMinimal: boolean },
): Promise<{ tasks: SubmittedWireTask[] } | { common: CommonMembers; ids: string[] }> {
  const toPointer = (index: number) => `/tasks/${index}`;
  const submitted = await insertTasks(context, caller, { ...request, toPointer });
  const groups = submitted.kind === "inserted" ? submitted.groups : [];
  const [group, ...otherGroups] = groups;
  if (isMinimal && group !== undefined && otherGroups.length === 0) {
    const { id: _, payload: __, ...common } = toSubmittedTask(context, group);
    return { common, ids: group.tasks.map(({ id }) => id) };
  }
  const tasks = groups.flatMap((group) => {
    const first = toSubmittedTask(context, group);
    return group.tasks.map(({ id, payload }) => ({ ...first, id, payload }));
  });
  return { tasks };
}

/** A task to submit. Requests with the same idempotency key submit only one task. */
interface SubmitTaskInput extends Pick<SubmitRequest, "roomId" | "traceContext"> {
  readonly task: NamedTaskSubmission;
  readonly idempotencyKey: string | undefined;
}

/**
 * Submits a task. `isReplay` is true if an earlier request with the same idempotency key submitted
 * the task.
 */
export async function submitTask(
  context: Context,
  caller: Caller,
  { task, idempotencyKey, ...rest }: SubmitTaskInput,
): Promise<{ readonly isReplay: boolean; readonly task: SubmittedWireTask }> {
  const request = { ...rest, tasks: [task], toPointer: () => "" };
  const submitted =
    idempotencyKey === undefined
      ? await insertTasks(context, caller, request)
      : await insertOnce(context, caller, {
          ...request,
          idempotency: toIdempotency(request.roomId, task, idempotencyKey),
        });
  const isReplay = submitted.kind === "replayed";
  const result = isReplay ? submitted : submitted.groups[0];
  if (result === undefined) throw new Error("the submit returned no task");
  return { isReplay, task: toSubmittedTask(context, result) };
}

function toIdempotency(roomId: string, { job_name, ...options }: NamedTaskSubmission, key: string) {
  if (key.length < 1 || key.length > 255) {
    throw validationError("The Idempotency-Key is invalid; see `errors`.", [
      { pointer: "", detail: "the header Idempotency-Key must be 1–255 characters" },
    ]);
  }
  const address = resolveJobName(job_name, roomId);
  // Canonical JSON (RFC 8785) ignores the order of members, and undefined members, so repeated
  // requests have the same hash.
  const request = canonicalize({
    job: [address.roomId, address.category, address.name],
    body: { ...options, payload: options.payload ?? {} },
  });
  return { key, requestHash: hash("sha256", request ?? "null") };
}

type SubmitBatchResult = { readonly task: SubmittedWireTask } | { readonly problem: ProblemDocument };

/** Independent submissions. `traceContext` is the default of their trace contexts. */
interface SubmitBatchInput extends Pick<SubmitRequest, "roomId" | "traceContext"> {
  readonly submissions: SubmitBatch["submissions"];
  readonly toProblem: (error: unknown) => ProblemDocument;
}

/**
 * Submits the tasks of a batch independently: each submission succeeds or fails on its own, unlike
 * in `submitTasks`. All run concurrently, so that the storage combines them into one statement.
 */
export function submitBatch(
  context: Context,
  caller: Caller,
  { roomId, submissions, traceContext: defaultTraceContext, toProblem }: SubmitBatchInput,
): Promise<SubmitBatchResult[]> {
  async function submit({
    idempotency_key: idempotencyKey,
    trace_context,
    ...task
  }: SubmitBatch["submissions"][number]): Promise<SubmitBatchResult> {
    try {
      const own = trace_context && readTraceContext(trace_context.traceparent, trace_context.tracestate);
      const input = { roomId, task, idempotencyKey, traceContext: own ?? defaultTraceContext };
      return { task: (await submitTask(context, caller, input)).task };
    } catch (error) {
      return { problem: toProblem(error) };
    }
  }

  return Promise.all(submissions.map(submit));
}

/**
 * Builds a minimal response: moves shared values to `common`, and reduces tasks that have only
 * shared values to their ids.
 */
export function toMinimalResults(results: readonly SubmitBatchResult[]): {
  common: CommonMembers | null;
  results: ({ readonly id: string } | SubmitBatchResult)[];
} {
  const first = results.find((one) => "task" in one);
  // The task of a replayed submission may have any status, so it shares no fields with new tasks.
  if (first === undefined || first.task.status !== "pending") return { common: null, results: [...results] };
  const { id: _, payload: __, ...common } = first.task;
  return {
    common,
    results: results.map((one) =>
      "task" in one && hasSameValues(one.task, first.task) ? { id: one.task.id } : one,
    ),
  };
}

/**
 * Inserts a task with an idempotency key. If the insert fails with a problem, returns the task of
 * an earlier request with this key, so that a repeated request succeeds even if the job has changed
 * in the meantime.
 */
async function insertOnce(context: Context, caller: Caller, request: SubmitRequest): Promise<Submitted> {
  try {
    return await insertTasks(context, caller, request);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { roomId, idempotency = null } = request;
    // No job has this id, so nothing is inserted and only the key is looked up.
    const job = { jobId: "00000000-0000-0000-0000-000000000000", schemaHash: "" };
    const task = {
      id: context.newId(),
      ...job,
      roomId,
      createdById: caller.actor.id,
      payload: {},
      idempotency,
    };
    const outcome = await insertOrAssign(context, [{ ...task, ...resolveTaskOptions({}, {}) }]);
    if (outcome.kind === "job-changed") throw error;
    return announce(context, outcome);
  }
}

/** Inserts tasks, or returns the task of an earlier request with the same idempotency key. */
async function insertTasks(context: Context, caller: Caller, request: SubmitRequest): Promise<Submitted> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const isRetry = tries > 0;
    const { newTasks, attachments, errors } = await prepareTasks(context, caller, request, isRetry);
    if (errors.length > 0) {
      // The cached schema may be outdated, so the job is read again.
      if (!isRetry) continue;
      throw validationError("The task is invalid; see `errors`.", errors.slice(0, MAX_ERRORS));
    }
    // Files are attached first, so that no stored task has a file that may be deleted.
    if (attachments.length > 0) await attachFiles(context, attachments);
    const outcome = await insertOrAssign(context, newTasks);
    if (outcome.kind !== "job-changed") return announce(context, outcome);
  }
  throw tooManyChanges("job");
}

/**
 * Inserts tasks. A single task may be assigned directly to a waiting claim of this process, which
 * is reserved during the insert. If no other task is due for the worker of the claim, the task is
 * inserted as already claimed, and the server responds to the claim before it responds to the
 * submit. If the task is not assigned, the claim looks for due tasks in the database.
 */
async function insertOrAssign(
  { storage, settings, waitingClaims }: Context,
  tasks: readonly NewTask[],
): Promise<InsertOutcome> {
  let claim: WaitingClaim | undefined;

  /** Returns undefined if the task is due later, or if its job has room fairness. */
  function chooseAssignee({ jobId, start, fairness }: NewTask): Assignee | undefined {
    if (fairness === "room" || !("inSeconds" in start) || start.inSeconds > 0) return undefined;
    claim ??= waitingClaims.reserve(jobId);
    return claim;
  }

  let assigned: ClaimedTaskRecord | undefined;
  try {
    const aliveWithinSeconds = settings.worker_timeout_seconds;
    const outcome = await storage.queue.insert(tasks, { aliveWithinSeconds, chooseAssignee });
    if (outcome.kind === "inserted") assigned = outcome.assigned;
    return outcome;
  } finally {
    // The task has another worker if the database's response to the insert was lost and that worker
    // has claimed the task since.
    claim?.assign(assigned?.task.worker_id === claim.workerId ? assigned : undefined);
    // The response to the claim is written in this iteration of the event loop, so it is sent
    // before the response to the submit.
    if (assigned !== undefined) await yieldToEventLoop();
  }
}

/**
 * Publishes the events of a submit. Throws a 409 if the idempotency key belongs to another request.
 */
function announce(context: Context, submitted: Submitted): Submitted {
  if (submitted.kind === "replayed") {
    if (!submitted.isSameRequest) {
      throw new Problem(
        "idempotency-conflict",
        "This Idempotency-Key was already used in this room for a different request. Use a new key.",
      );
    }
    // The server of the first request may have been killed after the commit, before it published
    // the event.
    publish(context, createWorkAvailableEvents([{ record: submitted.record, count: 1 }]));
    return submitted;
  }
  const { groups, assigned } = submitted;
  const counts = groups.map(({ record, tasks }) => ({ record, count: tasks.length }));
  context.meter.submitted(counts.reduce((sum, { count }) => sum + count, 0));
  // One event is enough, because clients that show the list of tasks then read the whole list
  // again.
  const changed = counts.slice(0, 1).map(({ record }) => createTaskChangedEvent(record));
  // For a directly assigned task, no worker has to be woken.
  publish(context, [...changed, ...(assigned === undefined ? createWorkAvailableEvents(counts) : [])]);
  return submitted;
}

function toSubmittedTask(
  { settings }: Context,
  { record, workersOnline }: { readonly record: TaskRecord; readonly workersOnline: number },
): SubmittedWireTask {
  return { ...toWireTask(settings, record), workers_online: workersOnline };
}
