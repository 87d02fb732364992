import { randomUUID } from "node:crypto";
import {
  type AttemptError,
  Backoff,
  DEFAULT_BACKOFF,
  formatJobName,
  getPatchTargets,
  isLeased,
  type Job,
  type JsonValue,
  type LogLine,
  type NewOutput,
  type OutputPart,
  Problem,
  type Task,
  type TaskStatus,
  type TaskSubmission,
  type TaskUpdate,
  type TraceContext,
  toCanonicalJson,
} from "../../protocol/index.ts";

/** A task, with data that only the fake server needs. */
export interface FakeTask {
  /** The key of its job in `FakeState.jobs`. */
  readonly jobKey: string;
  version: number;
  wire: Task;
  readonly log: LogLine[];
  /** The parts of the output, by attempt. */
  readonly outputs: Map<number, OutputPart[]>;
}

/** A submission with the trace context of the submitter, which HTTP clients send in headers. */
export type FakeSubmission = TaskSubmission & { readonly trace_context?: TraceContext | undefined };

const PENDING_FIELDS = { status: "pending", worker_id: null, started_at: null, progress: null } as const;

export const now = () => new Date().toISOString();

export function createTask(room: string, job: Job, submission: FakeSubmission): FakeTask {
  const options = { ...job.defaults, ...submission };
  const wire: Task = {
    id: randomUUID(),
    job_name: job.full_name,
    room_id: room,
    status: "pending",
    payload: options.payload ?? {},
    priority: options.priority ?? 0,
    attempt: 0,
    runs: 0,
    max_attempts: options.max_attempts ?? 1,
    backoff: Backoff.parse({ ...DEFAULT_BACKOFF, ...options.backoff }),
    timeout_seconds: options.timeout_seconds ?? null,
    run_at: options.run_at ?? new Date(Date.now() + (options.delay_seconds ?? 0) * 1000).toISOString(),
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
    trace_context: options.trace_context,
  };
  const jobKey = formatJobName({ ...job, roomId: job.room_id }, "room");
  return { jobKey, version: 1, log: [], outputs: new Map(), wire };
}

/** Updates members of a task, and its ETag. */
export function updateFields(task: FakeTask, fields: Partial<Task>): Task {
  task.version += 1;
  task.wire = { ...task.wire, ...fields };
  return task.wire;
}

export function getEtag({ wire, version }: FakeTask): string {
  return `W/"${wire.id}-${version}"`;
}

export function isDue({ wire }: FakeTask): boolean {
  return wire.status === "pending" && Date.parse(wire.run_at) <= Date.now();
}

export function requeue(task: FakeTask): Task {
  return updateFields(task, PENDING_FIELDS);
}

/** Fails an attempt. The task is pending again if it has attempts left. */
export function failAttempt(task: FakeTask, error: string): Task {
  const { attempt, worker_id, max_attempts } = task.wire;
  const runs = Math.max(task.wire.runs, 1);
  const errors = [...task.wire.errors, { attempt, at: now(), error, worker_id }];
  if (runs < max_attempts) return updateFields(task, { ...PENDING_FIELDS, runs, errors });
  return updateFields(task, { status: "failed", runs, error, errors, completed_at: now() });
}

interface UpdateChecks {
  /** False if the update names a worker that does not exist. */
  readonly workerExists: boolean;
  /** Throws a `Problem` if the task cannot have the result. */
  readonly checkResult?: (result: JsonValue) => void;
}

/** Applies an update by the same rules as a real server. */
export function updateTask(
  task: FakeTask,
  update: TaskUpdate,
  { workerExists, checkResult }: UpdateChecks,
): Task {
  const { wire } = task;
  if (isRepetition(wire, update)) return wire;
  if (!workerExists || !hasLease(wire, update))
    throw new Problem("task-lost", `The worker has lost its lease on task ${wire.id}.`);
  storeLines(task, update.log);
  const { status, progress, output } = update;
  if (output !== undefined && wire.status === "running") storeParts(task, output);
  if (status === undefined) {
    if (wire.status !== "running") throw createTransitionProblem(wire, "running");
    return progress === undefined ? wire : updateFields(task, { progress });
  }
  if (!getPatchTargets(wire.status).some((target) => target === status))
    throw createTransitionProblem(wire, status);
  if (status === "failed") return failAttempt(task, update.error ?? "failed");
  if (status === "running") return updateFields(task, { status, started_at: now(), runs: wire.runs + 1 });
  const result = status === "completed" ? (update.result ?? null) : wire.result;
  if (status === "completed") checkResult?.(result);
  return updateFields(task, { status, completed_at: now(), error: update.error ?? null, result });
}

/** Returns true if the update has already been applied. */
function isRepetition(wire: Task, { status, attempt, worker_id, result }: TaskUpdate): boolean {
  if (status === undefined || attempt === undefined) return false;
  const isOwn = (error: AttemptError) => error.attempt === attempt && error.worker_id === worker_id;
  if (status === "failed" && wire.errors.some(isOwn)) return true;
  if (wire.status !== status || wire.attempt !== attempt || wire.worker_id !== worker_id) return false;
  return status !== "completed" || toCanonicalJson(wire.result) === toCanonicalJson(result ?? null);
}

/** Returns true if the update names no lease, or the current lease of the task. */
function hasLease(wire: Task, { worker_id, attempt }: TaskUpdate): boolean {
  if (worker_id === undefined && attempt === undefined) return true;
  const isSame =
    (worker_id ?? wire.worker_id) === wire.worker_id && (attempt ?? wire.attempt) === wire.attempt;
  return isSame && (isLeased(wire.status) || wire.status === "completed");
}

/** Stores log lines. Ignores lines whose number is already stored. */
function storeLines({ log, wire: { attempt } }: FakeTask, lines: TaskUpdate["log"] = []): void {
  for (const { number, text, level = "info", at = now() } of lines) {
    if (log.some((line) => line.attempt === attempt && line.number === number)) continue;
    log.push({ attempt, number, at, level, text });
  }
}

/** Appends parts to the output of the current attempt. Ignores parts that are already stored. */
function storeParts({ outputs, wire: { attempt } }: FakeTask, { number, parts }: NewOutput): void {
  const stored = outputs.get(attempt) ?? [];
  if (number > stored.length) throw new Problem("output-gap", `Send the parts from number ${stored.length}.`);
  outputs.set(attempt, [...stored, ...parts.slice(stored.length - number)]);
}

function createTransitionProblem({ status: from }: Task, to: TaskStatus): Problem {
  const members = { from, to, allowed: getPatchTargets(from) };
  return new Problem("invalid-task-transition", `A ${from} task cannot change to ${to}.`, members);
}
