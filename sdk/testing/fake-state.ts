import { randomUUID } from "node:crypto";
import {
  diffSchemas,
  formatJobName,
  GLOBAL_ROOM,
  isLeased,
  type Job,
  type JobRegistration,
  Problem,
  parseJobName,
  type StopReason,
  type SubmittedTask,
  schemasMatch,
  type Task,
  type TaskSubmission,
  type TaskUpdate,
  type TraceContext,
  toCanonicalJson,
  type WorkerDetails,
} from "../../protocol/index.ts";
import { ChangeNotifier } from "./change-notifier.ts";
import {
  createTask,
  type FakeSubmission,
  type FakeTask,
  failAttempt,
  isDue,
  requeue,
  updateFields,
  updateTask,
} from "./fake-tasks.ts";

/** A worker of the fake server. */
export interface FakeWorker {
  readonly id: string;
  readonly name: string | null;
  /** The keys of the worker's jobs. */
  readonly jobs: Set<string>;
  last_heartbeat: string;
  draining: boolean;
}

interface KeyedSubmission {
  readonly body: TaskSubmission;
  readonly key: string | undefined;
  readonly trace_context: TraceContext | undefined;
}

const now = () => new Date().toISOString();

/** The state of a fake server, and the rules for jobs, claims, leases and stops. */
export class FakeState {
  readonly jobs = new Map<string, Job>();
  readonly workers = new Map<string, FakeWorker>();
  readonly tasks = new Map<string, FakeTask>();
  /** The submitted tasks by idempotency key. */
  readonly keys = new Map<string, { id: string; request: string }>();
  readonly stops = new Map<string, StopReason>();
  readonly changes = new ChangeNotifier();

  task(id: string): FakeTask {
    const task = this.tasks.get(id);
    if (task === undefined) throw new Problem("task-not-found", `Task ${id} not found.`);
    return task;
  }

  worker(id: string): FakeWorker {
    const worker = this.workers.get(id);
    if (worker === undefined) throw new Problem("worker-not-found", `Worker ${id} not found.`);
    worker.last_heartbeat = now();
    return worker;
  }

  job(room: string, jobName: string): { key: string; job: Job } {
    const parsed = parseJobName(jobName, room);
    if (parsed.kind === "invalid") throw new Problem("invalid-job-name", `${jobName} is not a job name.`);
    const key = parsed.kind === "job" ? toCanonicalJson({ ...parsed.address }) : "";
    const job = this.jobs.get(key);
    if (job === undefined) throw new Problem("job-not-found", `Job ${jobName} not found in room ${room}.`);
    return { key, job };
  }

  getVisibleJobs(room: string): Job[] {
    return [...this.jobs.values()].filter(({ room_id }) => room_id === room || room_id === GLOBAL_ROOM);
  }

  addWorker(name: string | null = null): FakeWorker {
    const worker = {
      id: randomUUID(),
      name,
      jobs: new Set<string>(),
      last_heartbeat: now(),
      draining: false,
    };
    this.workers.set(worker.id, worker);
    return worker;
  }

  /** Removes a worker. Its claimed tasks are requeued; its running tasks fail or are retried. */
  removeWorker(id: string): void {
    this.worker(id);
    this.workers.delete(id);
    for (const task of this.tasks.values()) {
      if (task.wire.worker_id !== id || !isLeased(task.wire.status)) continue;
      if (task.wire.status === "claimed") requeue(task);
      else failAttempt(task, `worker ${id} stopped responding`);
    }
    this.changes.notify();
  }

  register(room_id: string, registration: JobRegistration): { status: 200 | 201; body: Job } {
    const {
      category,
      name,
      schema,
      result_schema = null,
      description = null,
      defaults = {},
      fairness,
    } = registration;
    const address = { roomId: room_id, category, name };
    const key = toCanonicalJson(address);
    const existing = this.jobs.get(key);
    if (existing !== undefined) requireMatchingSchema(existing, schema, result_schema);
    const { worker_id } = registration;
    const worker = worker_id === undefined ? this.addWorker() : this.worker(worker_id);
    if (!worker.draining) worker.jobs.add(key);
    const body: Job = {
      id: existing?.id ?? randomUUID(),
      room_id,
      category,
      name,
      full_name: formatJobName(address),
      schema,
      result_schema,
      description,
      defaults,
      ...(fairness !== undefined && fairness !== "fifo" && { fairness }),
      workers: [...this.workers.values()].filter(({ jobs }) => jobs.has(key)).map(({ id }) => id),
      pending: [...this.tasks.values()].filter((task) => task.jobKey === key && isDue(task)).length,
      worker_id: worker.id,
      created_at: existing?.created_at ?? now(),
    };
    this.jobs.set(key, { ...body, worker_id: null });
    return { status: existing === undefined ? 201 : 200, body };
  }

  submit(room: string, jobName: string, submission: FakeSubmission = {}): SubmittedTask {
    const { key, job } = this.job(room, jobName);
    const task = createTask(
      { jobKey: key, jobName: job.full_name, room },
      { ...job.defaults, ...submission },
    );
    this.tasks.set(task.wire.id, task);
    this.changes.notify();
    return this.submitted(task);
  }

  /** Submits a task, or returns the task of an earlier submit with the same key. */
  submitOnce(
    room: string,
    jobName: string,
    { body, key, trace_context }: KeyedSubmission,
  ): { status: 200 | 202; body: SubmittedTask } {
    const request = JSON.stringify([room, jobName, body]);
    const known = key === undefined ? undefined : this.keys.get(`${room} ${key}`);
    if (known !== undefined) {
      if (known.request !== request)
        throw new Problem(
          "idempotency-conflict",
          "The idempotency key was already used for a different request.",
        );
      return { status: 200, body: this.submitted(this.task(known.id)) };
    }
    const task = this.submit(room, jobName, { ...body, trace_context });
    if (key !== undefined) this.keys.set(`${room} ${key}`, { id: task.id, request });
    return { status: 202, body: task };
  }

  submitted({ wire, jobKey }: FakeTask): SubmittedTask {
    const workers = [...this.workers.values()].filter(({ jobs }) => jobs.has(jobKey));
    return { ...wire, workers_online: workers.length };
  }

  /** Claims the worker's next tasks. Returns undefined if there are none, so that the long poll continues. */
  claim(workerId: string, limit: number, start: boolean | undefined): Task[] | undefined {
    const { jobs, draining } = this.worker(workerId);
    if (draining) return [];
    const due = [...this.tasks.values()].filter((task) => isDue(task) && jobs.has(task.jobKey));
    const next = due.toSorted((a, b) => b.wire.priority - a.wire.priority).slice(0, limit);
    if (next.length === 0) return undefined;
    const claimed = next.map((task) => {
      this.stops.delete(task.wire.id);
      updateFields(task, { status: "claimed", worker_id: workerId, attempt: task.wire.attempt + 1 });
      return start ? updateTask(task, { status: "running" }, true) : task.wire;
    });
    this.changes.notify();
    return claimed;
  }

  release(workerId: string, ids: readonly string[]): string[] {
    this.worker(workerId);
    const tasks = ids.flatMap((id) => this.tasks.get(id) ?? []);
    const released = tasks.filter(({ wire }) => wire.status === "claimed" && wire.worker_id === workerId);
    for (const task of released) requeue(task);
    this.changes.notify();
    return released.map(({ wire }) => wire.id);
  }

  update(id: string, update: TaskUpdate): Task {
    const task = this.task(id);
    const wasLeased = isLeased(task.wire.status);
    const workerExists = update.worker_id === undefined || this.workers.has(update.worker_id);
    const updated = updateTask(task, update, workerExists);
    if (wasLeased && updated.status === "cancelled") this.stops.set(id, "cancelled");
    this.changes.notify();
    return updated;
  }

  /** Returns the claimed and running tasks of a worker, as its details contain them. */
  getLeasedTasks(workerId: string): WorkerDetails["tasks"] {
    const tasks = [...this.tasks.values()]
      .map(({ wire }) => wire)
      .filter(({ worker_id }) => worker_id === workerId);
    return tasks
      .filter(({ status }) => isLeased(status))
      .map(({ id, job_name, room_id, status, started_at, progress, created_at }) => ({
        ...{ id, job_name, room_id, status, started_at, progress },
        claimed_at: started_at ?? created_at,
      }));
  }

  drain(workerId: string): FakeWorker {
    const worker = this.worker(workerId);
    worker.draining = true;
    worker.jobs.clear();
    this.changes.notify();
    return worker;
  }

  /** Returns those listed tasks whose lease the worker has lost, or undefined if it has all leases. */
  findStops(
    workerId: string,
    listed: readonly string[],
  ): { task_id: string; reason: StopReason }[] | undefined {
    this.worker(workerId);
    const stop = listed.flatMap((task_id) => {
      const wire = this.tasks.get(task_id)?.wire;
      const isLeaseValid = wire?.worker_id === workerId && isLeased(wire.status);
      return isLeaseValid ? [] : [{ task_id, reason: this.stops.get(task_id) ?? "lost" }];
    });
    return stop.length === 0 ? undefined : stop;
  }
}

const requireMatchingSchema = (
  existing: Job,
  schema: Job["schema"],
  result_schema: Job["result_schema"],
): void => {
  if (schemasMatch(existing.schema, schema) && schemasMatch(existing.result_schema, result_schema)) return;
  const registered = { schema: existing.schema, resultSchema: existing.result_schema };
  const diff = diffSchemas(registered, { schema, resultSchema: result_schema });
  throw new Problem(
    "schema-conflict",
    `Job ${existing.name} is already registered with a different schema.`,
    { diff },
  );
};
