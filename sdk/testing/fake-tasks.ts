import { randomUUID } from "node:crypto";
import {
  canMove,
  DEFAULT_BACKOFF,
  getPatchTargets,
  isLeased,
  isTerminal,
  type LogLine,
  Problem,
  type Task,
  type TaskSubmission,
  type TaskUpdate,
  type TraceContext,
  toCanonicalJson,
} from "../../protocol/index.ts";

/** A task, with additional data of the fake server. */
export interface FakeTask {
  readonly jobKey: string;
  version: number;
  wire: Task;
  readonly log: LogLine[];
}

/** A submission with the trace context of the submitter, which HTTP clients send in headers. */
export type FakeSubmission = TaskSubmission & { readonly trace_context?: TraceContext | undefined };

const PENDING_FIELDS = { status: "pending", worker_id: null, started_at: null, progress: null } as const;

const now = () => new Date().toISOString();

/** Creates a pending task. */
export const createTask = (
  { jobKey, jobName, room }: { jobKey: string; jobName: string; room: string },
  submission: FakeSubmission,
): FakeTask => ({
  jobKey,
  version: 1,
  log: [],
  wire: {
    id: randomUUID(),
    job_name: jobName,
    room_id: room,
    status: "pending",
    payload: submission.payload ?? {},
    priority: submission.priority ?? 0,
    attempt: 0,
    runs: 0,
    max_attempts: submission.max_attempts ?? 1,
    backoff: toBackoff(submission.backoff),
    timeout_seconds: submission.timeout_seconds ?? null,
    run_at: submission.run_at ?? new Date(Date.now() + (submission.delay_seconds ?? 0) * 1000).toISOString(),
    created_at: now(),
    started_at: null,
    completed_at: null,
    created_by_id: "someone",
    worker_id: null,
    error: null,
    errors: [],
    result: null,
    progress: null,
    queue_position: null,
    ...(submission.trace_context && { trace_context: submission.trace_context }),
  },
});

const toBackoff = (backoff: TaskSubmission["backoff"] = {}) => ({
  kind: backoff.kind ?? DEFAULT_BACKOFF.kind,
  seconds: backoff.seconds ?? DEFAULT_BACKOFF.seconds,
  max_seconds: backoff.max_seconds ?? DEFAULT_BACKOFF.max_seconds,
  jitter: backoff.jitter ?? DEFAULT_BACKOFF.jitter,
});

/** Updates members of a task, and its ETag. */
export const updateFields = (task: FakeTask, fields: Partial<Task>): Task => {
  task.version += 1;
  task.wire = { ...task.wire, ...fields };
  return task.wire;
};

/** Returns the weak ETag of a task. */
export const getEtag = ({ wire, version }: FakeTask): string => `W/"${wire.id}-${version}"`;

/** Changes a claimed task back to pending. */
export const requeue = (task: FakeTask): Task => updateFields(task, PENDING_FIELDS);

/** Fails an attempt. The task is pending again if it has attempts left. */
export const failAttempt = (task: FakeTask, error: string): Task => {
  const { attempt, worker_id, errors, max_attempts } = task.wire;
  const runs = Math.max(task.wire.runs, 1);
  const allErrors = [...errors, { attempt, at: now(), error, worker_id }];
  if (runs < max_attempts) return updateFields(task, { ...PENDING_FIELDS, runs, errors: allErrors });
  return updateFields(task, { status: "failed", runs, error, errors: allErrors, completed_at: now() });
};

/** Stores log lines. Ignores lines whose number is already stored. */
const storeLines = ({ log, wire: { attempt } }: FakeTask, lines: TaskUpdate["log"] = []): void => {
  for (const { number, text, level = "info", at = now() } of lines) {
    if (log.some((line) => line.attempt === attempt && line.number === number)) continue;
    log.push({ attempt, number, at, level, text });
  }
};

/**
 * Applies an update by the rules of the protocol. A repeated update has no effect; otherwise the lease and
 * the transition are checked.
 */
export const updateTask = (task: FakeTask, update: TaskUpdate, workerExists: boolean): Task => {
  const { wire } = task;
  if (isRepetition(wire, update)) return wire;
  const hasLease = update.worker_id !== undefined || update.attempt !== undefined;
  const isLeaseLost =
    (update.worker_id !== undefined && (update.worker_id !== wire.worker_id || !workerExists)) ||
    (update.attempt !== undefined && update.attempt !== wire.attempt) ||
    (hasLease && !isLeased(wire.status) && wire.status !== "completed");
  if (isLeaseLost) throw new Problem("task-lost", `The worker has lost its lease on task ${wire.id}.`);
  storeLines(task, update.log);
  const { status } = update;
  if (status === undefined) {
    if (wire.status !== "running") throw createTransitionProblem(wire, "running");
    if (update.progress === undefined) return wire;
    return updateFields(task, { progress: update.progress ?? null });
  }
  if (!canMove(wire.status, status) || !getPatchTargets(wire.status).some((to) => to === status)) {
    throw createTransitionProblem(wire, status);
  }
  if (status === "failed") return failAttempt(task, update.error ?? "failed");
  if (status === "running") return updateFields(task, { status, started_at: now(), runs: wire.runs + 1 });
  return updateFields(task, {
    status,
    completed_at: now(),
    error: update.error ?? null,
    ...(status === "completed" && { result: update.result ?? null }),
  });
};

const isRepetition = (wire: Task, { status, attempt, worker_id, result }: TaskUpdate): boolean => {
  if (status === undefined || attempt === undefined) return false;
  if (
    status === "failed" &&
    wire.errors.some((entry) => entry.attempt === attempt && entry.worker_id === worker_id)
  ) {
    return true;
  }
  if (wire.status !== status || wire.attempt !== attempt || wire.worker_id !== worker_id) return false;
  return status !== "completed" || toCanonicalJson(wire.result) === toCanonicalJson(result ?? null);
};

const createTransitionProblem = (wire: Task, to: Task["status"]) =>
  new Problem("invalid-task-transition", `A ${wire.status} task cannot change to ${to}.`, {
    from: wire.status,
    to,
    allowed: getPatchTargets(wire.status),
  });

/** Returns true if a task can be claimed. */
export const isDue = ({ wire }: FakeTask): boolean =>
  wire.status === "pending" && Date.parse(wire.run_at) <= Date.now();

/** Returns true if a task has ended. */
export const isFinished = ({ wire }: FakeTask): boolean => isTerminal(wire.status);
