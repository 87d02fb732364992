import { randomUUID } from "node:crypto";
import {
  diffSchemas,
  formatJobName,
  isLeased,
  type Job,
  type JobRegistration,
  type JsonValue,
  Problem,
  parseJobName,
  type SubmittedTask,
  schemasMatch,
  type Task,
  type TaskUpdate,
} from "../../protocol/index.ts";
import { FakeFiles, type FileSchemas } from "./fake-files.ts";
import {
  createTask,
  type FakeSubmission,
  type FakeTask,
  failAttempt,
  isDue,
  now,
  requeue,
  updateFields,
  updateTask,
} from "./fake-tasks.ts";

/** A worker of the fake server. */
export interface FakeWorker {
  readonly id: string;
  readonly name: string | null;
  /** The names of the worker's jobs, such as `lab:category:name`. */
  readonly jobs: Set<string>;
  last_heartbeat: string;
  draining: boolean;
}

/** The state of a fake server, and the rules for jobs, claims and leases. */
export class FakeState {
  /** The jobs by name, such as `lab:category:name`. */
  readonly jobs = new Map<string, Job>();
  readonly workers = new Map<string, FakeWorker>();
  readonly tasks = new Map<string, FakeTask>();
  readonly files = new FakeFiles();
  /** The submitted tasks by room and idempotency key. */
  readonly #submitted = new Map<string, { task: FakeTask; request: string }>();
  /** Resolved when the state changes. */
  #change = Promise.withResolvers<void>();

  /** Makes every call of `waitFor` read the state again. */
  notify(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  /**
   * Calls `read` after every change until it returns a value. Returns undefined after the timeout
   * or an abort.
   */
  async waitFor<Value>(
    read: () => Value | undefined,
    seconds: number,
    signal?: AbortSignal,
  ): Promise<Value | undefined> {
    const end = Promise.withResolvers<"end">();
    const stop = () => end.resolve("end");
    const timer = setTimeout(stop, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      for (let isLast = seconds === 0; ; ) {
        if (signal?.aborted) return undefined;
        const value = read();
        if (value !== undefined || isLast) return value;
        isLast = (await Promise.race([this.#change.promise, end.promise])) === "end";
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

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

  job(room: string, jobName: string): Job {
    const parsed = parseJobName(jobName, room);
    if (parsed.kind === "invalid") throw new Problem("invalid-job-name", `${jobName} is not a job name.`);
    const key = parsed.kind === "job" ? formatJobName(parsed.address, "room") : "";
    const job = this.jobs.get(key);
    if (job === undefined) throw new Problem("job-not-found", `Job ${jobName} not found in room ${room}.`);
    return job;
  }

  addWorker(name: string | null = null): FakeWorker {
    const id = randomUUID();
    const worker = { id, name, jobs: new Set<string>(), last_heartbeat: now(), draining: false };
    this.workers.set(id, worker);
    return worker;
  }

  drain(workerId: string): FakeWorker {
    const worker = this.worker(workerId);
    worker.draining = true;
    worker.jobs.clear();
    this.notify();
    return worker;
  }

  /** Removes a worker. Its claimed tasks are requeued; its running tasks fail or are retried. */
  removeWorker(id: string): void {
    this.worker(id);
    this.workers.delete(id);
    for (const task of this.getLeasedTasks(id)) {
      if (task.wire.status === "claimed") requeue(task);
      else failAttempt(task, `worker ${id} stopped responding`);
    }
    this.notify();
  }

  getLeasedTasks(workerId: string): FakeTask[] {
    return [...this.tasks.values()].filter(
      ({ wire }) => wire.worker_id === workerId && isLeased(wire.status),
    );
  }

  register(room_id: string, registration: JobRegistration): { status: 200 | 201; body: Job } {
    const { category, name, schema, result_schema = null, worker_id, fairness = "fifo" } = registration;
    const address = { roomId: room_id, category, name };
    const key = formatJobName(address, "room");
    const existing = this.jobs.get(key);
    if (existing !== undefined) requireMatchingSchema(existing, schema, result_schema);
    const worker = worker_id === undefined ? this.addWorker() : this.worker(worker_id);
    if (!worker.draining) worker.jobs.add(key);
    const job: Job = {
      id: existing?.id ?? randomUUID(),
      room_id,
      category,
      name,
      full_name: formatJobName(address),
      schema,
      result_schema,
      description: registration.description ?? null,
      defaults: registration.defaults ?? {},
      ...(fairness !== "fifo" && { fairness }),
      workers: this.#getWorkers(key).map(({ id }) => id),
      pending: [...this.tasks.values()].filter((task) => task.jobKey === key && isDue(task)).length,
      worker_id: null,
      created_at: existing?.created_at ?? now(),
    };
    this.jobs.set(key, job);
    return { status: existing === undefined ? 201 : 200, body: { ...job, worker_id: worker.id } };
  }

  /** Throws a 422 if the payload of a submission refers to files that it must not use. */
  requirePayloadFiles(room: string, jobName: string, { payload = {} }: FakeSubmission, pointer = ""): void {
    this.files.requirePayloadFiles(this.job(room, jobName).schema, payload, room, `${pointer}/payload`);
  }

  submit(room: string, jobName: string, submission: FakeSubmission = {}): FakeTask {
    this.requirePayloadFiles(room, jobName, submission);
    const task = createTask(room, this.job(room, jobName), submission);
    this.tasks.set(task.wire.id, task);
    this.notify();
    return task;
  }

  /** Submits a task, or returns the task of an earlier submit with the same key. */
  submitOnce(
    room: string,
    jobName: string,
    { key = randomUUID(), ...submission }: FakeSubmission & { key: string | undefined },
  ): { status: 200 | 202; body: SubmittedTask } {
    const request = JSON.stringify([jobName, { ...submission, trace_context: undefined }]);
    const known = this.#submitted.get(`${room} ${key}`);
    if (known !== undefined && known.request !== request) {
      const detail = "The idempotency key was already used for a different request.";
      throw new Problem("idempotency-conflict", detail);
    }
    const task = known?.task ?? this.submit(room, jobName, submission);
    this.#submitted.set(`${room} ${key}`, { task, request });
    return { status: known === undefined ? 202 : 200, body: this.toSubmitted(task) };
  }

  toSubmitted({ wire, jobKey }: FakeTask): SubmittedTask {
    return { ...wire, workers_online: this.#getWorkers(jobKey).length };
  }

  /**
   * Claims the worker's next tasks. Returns undefined if there are none, so that the long poll
   * continues.
   */
  claim(workerId: string, limit: number, start = false): Task[] | undefined {
    const { jobs, draining } = this.worker(workerId);
    if (draining) return [];
    const due = [...this.tasks.values()].filter((task) => isDue(task) && jobs.has(task.jobKey));
    const next = due.toSorted((a, b) => b.wire.priority - a.wire.priority).slice(0, limit);
    if (next.length === 0) return undefined;
    for (const task of next) {
      updateFields(task, { status: "claimed", worker_id: workerId, attempt: task.wire.attempt + 1 });
      if (start) updateTask(task, { status: "running" }, { workerExists: true });
    }
    this.notify();
    return next.map(({ wire }) => wire);
  }

  update(id: string, update: TaskUpdate): Task {
    const workerExists = update.worker_id === undefined || this.workers.has(update.worker_id);
    const task = this.task(id);
    const checkResult = (result: JsonValue) =>
      this.files.requireResultFiles(this.getFileSchemas(task), task.wire, result);
    const updated = updateTask(task, update, { workerExists, checkResult });
    this.notify();
    return updated;
  }

  /** Throws a 409 if the attempt of the task has ended. */
  requireLease(taskId: string, attempt: number): void {
    const { wire } = this.task(taskId);
    if (wire.attempt === attempt && isLeased(wire.status)) return;
    throw new Problem(
      "task-lost",
      "The lease on the task has ended, so no files can be added to its result.",
    );
  }

  getFileSchemas({ jobKey }: FakeTask): FileSchemas {
    const job = this.jobs.get(jobKey);
    return { payload: job?.schema ?? {}, result: job?.result_schema ?? null };
  }

  #getWorkers(jobKey: string): FakeWorker[] {
    return [...this.workers.values()].filter(({ jobs }) => jobs.has(jobKey));
  }
}

function requireMatchingSchema(
  { name, schema, result_schema }: Job,
  newSchema: Job["schema"],
  newResultSchema: Job["result_schema"],
): void {
  if (schemasMatch(schema, newSchema) && schemasMatch(result_schema, newResultSchema)) return;
  const registered = { schema, resultSchema: result_schema };
  const diff = diffSchemas(registered, { schema: newSchema, resultSchema: newResultSchema });
  const detail = `Job ${name} is already registered with a different schema.`;
  throw new Problem("schema-conflict", detail, { diff });
}
