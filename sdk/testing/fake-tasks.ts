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

/** A task with what the fake knows of it besides. */
export interface FakeTask {
  readonly jobKey: string;
  version: number;
  wire: Task;
  readonly log: LogLine[];
}

/** A submission, and where its submitter stands in a trace, which over HTTP is told by headers. */
export type FakeSubmission = TaskSubmission & { readonly trace_context?: TraceContext | undefined };

const PENDING_FIELDS = { status: "pending", worker_id: null, started_at: null, progress: null } as const;

const now = () => new Date().toISOString();

/** A new task, pending. */
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

const toBackoff = (given: TaskSubmission["backoff"] = {}) => ({
  kind: given.kind ?? DEFAULT_BACKOFF.kind,
  seconds: given.seconds ?? DEFAULT_BACKOFF.seconds,
  max_seconds: given.max_seconds ?? DEFAULT_BACKOFF.max_seconds,
  jitter: given.jitter ?? DEFAULT_BACKOFF.jitter,
});

/** Changes a task, and with it its ETag. */
export const updateFields = (task: FakeTask, fields: Partial<Task>): Task => {
  task.version += 1;
  task.wire = { ...task.wire, ...fields };
  return task.wire;
};

/** The weak ETag of a task as it stands. */
export const getEtag = ({ wire, version }: FakeTask): string => `W/"${wire.id}-${version}"`;

/** Pending again, as if nobody had claimed it. */
export const requeue = (task: FakeTask): Task => updateFields(task, PENDING_FIELDS);

/** An attempt that failed: pending again while attempts are left. */
export const failAttempt = (task: FakeTask, error: string): Task => {
  const { attempt, worker_id, errors, max_attempts } = task.wire;
  const runs = Math.max(task.wire.runs, 1);
  const noted = [...errors, { attempt, at: now(), error, worker_id }];
  if (runs < max_attempts) return updateFields(task, { ...PENDING_FIELDS, runs, errors: noted });
  return updateFields(task, { status: "failed", runs, error, errors: noted, completed_at: now() });
};

/** Each line once, as it was first told. */
const storeLines = ({ log, wire: { attempt } }: FakeTask, lines: TaskUpdate["log"] = []): void => {
  for (const { number, text, level = "info", at = now() } of lines) {
    if (log.some((line) => line.attempt === attempt && line.number === number)) continue;
    log.push({ attempt, number, at, level, text });
  }
};

/** A PATCH by the rules of the protocol: fence first, then a repetition, then the transition. */
export const updateTask = (task: FakeTask, update: TaskUpdate, workerIsThere: boolean): Task => {
  const { wire } = task;
  if (isRepetition(wire, update)) return wire;
  const isFenced = update.worker_id !== undefined || update.attempt !== undefined;
  const isForeign =
    (update.worker_id !== undefined && (update.worker_id !== wire.worker_id || !workerIsThere)) ||
    (update.attempt !== undefined && update.attempt !== wire.attempt) ||
    (isFenced && !isLeased(wire.status) && wire.status !== "completed");
  if (isForeign) throw new Problem("task-lost", `the hold on task ${wire.id} is over`);
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
  new Problem("invalid-task-transition", `a task that is ${wire.status} cannot be ${to}`, {
    from: wire.status,
    to,
    allowed: getPatchTargets(wire.status),
  });

/** True for a task that is due and nobody's. */
export const isDue = ({ wire }: FakeTask): boolean =>
  wire.status === "pending" && Date.parse(wire.run_at) <= Date.now();

/** True where nothing more will happen to it. */
export const isFinished = ({ wire }: FakeTask): boolean => isTerminal(wire.status);
