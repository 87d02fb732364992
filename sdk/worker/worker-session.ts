import { hostname } from "node:os";
import type { JobRegistration } from "../../protocol/index.ts";
import { ProblemError, SchemaConflictError, UsageError, WorkerNotFoundError } from "../errors.ts";
import type { JoblibClient } from "../http/client.ts";
import { isTransient, withRetry } from "../http/retry.ts";
import type { Logger } from "../logger.ts";
import { toProblemError } from "../problem-errors.ts";
import type { ClaimedTask } from "./claimed-task.ts";
import { Heartbeat } from "./heartbeat.ts";
import { SuspensionDetector } from "./suspension-detector.ts";
import { TaskTable } from "./task-table.ts";
import { UpdateQueue } from "./update-queue.ts";

export interface RoomRegistration {
  readonly room: string;
  readonly registration: Omit<JobRegistration, "worker_id">;
}

/** A worker that exists on the server. */
export interface LiveWorker {
  readonly id: string;
  /** Aborted when the worker is deregistered, or when the server no longer knows it. */
  readonly gone: AbortSignal;
  /** Aborted when an admin has drained the worker. */
  readonly drained: AbortSignal;
  /** Sends the updates of the worker's tasks. */
  readonly updates: UpdateQueue;
}

/** Options of `WorkerSession`. */
export interface SessionOptions {
  readonly client: JoblibClient;
  readonly logger: Logger;
  /** The worker's label in the dashboard and CLI. Default: `host:pid`. */
  readonly name?: string | undefined;
  /** The heartbeat interval in seconds. Default: the interval of the server. */
  readonly heartbeatSeconds?: number | undefined;
  /** Returns the jobs to register. Returns the same array until they change. Called before every claim. */
  readonly getRegistrations: () => readonly RoomRegistration[];
}

interface WorkerState extends LiveWorker {
  readonly end: AbortController;
  readonly drain: AbortController;
  readonly heartbeat: Heartbeat;
  readonly registered: Set<string>;
  /**
   * The jobs that are completely registered. While `getRegistrations` returns the same array, nothing has to
   * be registered.
   */
  lastRegistrations?: readonly RoomRegistration[];
  readonly suspensionDetector: SuspensionDetector;
}

const RECONNECT_RETRY = {
  attempts: Number.POSITIVE_INFINITY,
  baseSeconds: 1,
  maxSeconds: 30,
  deadlineSeconds: Number.POSITIVE_INFINITY,
};
const SHUTDOWN_RETRY = { attempts: 3, deadlineSeconds: 5 };

/**
 * The worker of a job manager. Creates it on the server, registers its jobs, sends its heartbeats and
 * deregisters it.
 */
export class WorkerSession {
  readonly #options: SessionOptions;
  /** The tasks that are not settled, even if their lease is lost. */
  readonly tasks = new TaskTable<ClaimedTask>();
  readonly #closed = new AbortController();
  #worker: WorkerState | undefined;
  #registering: Promise<LiveWorker> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The worker's id; undefined if there is no worker. */
  get workerId(): string | undefined {
    return this.#worker?.id;
  }

  /** True if an admin has drained the worker. */
  get isDrained(): boolean {
    return this.#worker?.drained.aborted === true;
  }

  /** Returns true if the job is registered with the server, in any room. */
  hasRegistered(category: string, name: string): boolean {
    return [...(this.#worker?.registered ?? [])].some((key) => key.endsWith(`:${category}:${name}`));
  }

  /** The worker if all its jobs are registered with the server, otherwise undefined. */
  get current(): LiveWorker | undefined {
    const isReady =
      this.#worker !== undefined && this.#worker.lastRegistrations === this.#options.getRegistrations();
    return isReady && !this.#closed.signal.aborted ? this.#worker : undefined;
  }

  /** Returns the worker. Creates it and registers all its jobs if necessary. */
  async ready(): Promise<LiveWorker> {
    if (this.#closed.signal.aborted) throw new UsageError("the job manager is disposed: create a new one");
    this.#registering ??= this.#register().finally(() => {
      this.#registering = undefined;
    });
    return this.#registering;
  }

  /** Adds a claimed task to the heartbeats. Returns false if the worker already has this attempt. */
  addTask(task: ClaimedTask): boolean {
    for (const earlier of this.tasks.findAll(task.id)) {
      if (earlier.attempt === task.attempt) return false;
      earlier.hasLease = false;
    }
    this.tasks.add(task);
    this.#worker?.heartbeat.scheduleForNewTask();
    return true;
  }

  /**
   * Schedules a heartbeat after a claim whose response was lost, because the server requeues a claimed task
   * that is missing from heartbeats for 5 s.
   */
  scheduleRequeueOfLostClaim(): void {
    this.#worker?.heartbeat.sendAfter(5_500);
  }

  /** Requeues a task that has not started. If this fails, the server requeues it, as heartbeats do not list it. */
  async release(workerId: string, taskId: string): Promise<void> {
    const request = { params: { worker_id: workerId }, body: { tasks: [taskId] } };
    await this.#options.client
      .call("releaseTasks", request, { retry: SHUTDOWN_RETRY, timeoutSeconds: 5 })
      .catch((error: unknown) => {
        this.#options.logger.warn({ err: error, worker: workerId, task: taskId }, "failed to requeue a task");
      });
  }

  /** Ends the worker's streams, because an admin has drained it. Its running tasks finish. */
  markDrained(workerId: string): void {
    const worker = this.#worker;
    if (worker?.id !== workerId || worker.drained.aborted) return;
    this.#options.logger.warn(
      { worker: workerId, tasks: this.tasks.size },
      "drained: no new tasks for this worker",
    );
    worker.drain.abort();
  }

  /**
   * Ends a worker that the server no longer knows. Its tasks are lost. Creates a new worker, unless the old
   * one was drained.
   */
  markForgotten(workerId: string): void {
    const worker = this.#worker;
    if (worker?.id !== workerId) return;
    this.#options.logger.warn(
      { worker: workerId, tasks: this.tasks.size },
      "the server no longer knows this worker",
    );
    this.#endWorker();
    for (const task of this.tasks) task.markLost("lost");
    if (this.#closed.signal.aborted || worker.drained.aborted) return;
    const registration = withRetry(() => this.ready(), isTransient, {
      policy: RECONNECT_RETRY,
      signal: this.#closed.signal,
    });
    registration.catch((error: unknown) => {
      if (!this.#closed.signal.aborted)
        this.#options.logger.error({ err: error }, "failed to register the worker again");
    });
  }

  /** Deregisters the worker. The server requeues its claimed tasks; its running tasks fail or are retried. */
  async deregister(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    await this.#registering?.catch(() => {});
    await this.#remove();
  }

  async #register(): Promise<LiveWorker> {
    try {
      for (let attempts = 1; ; attempts += 1) {
        this.#worker ??= await this.#create();
        const worker = this.#worker;
        try {
          await this.#registerJobs(worker);
          return worker;
        } catch (error) {
          if (!(error instanceof WorkerNotFoundError) || attempts === 3) throw error;
          this.#endWorker();
        }
      }
    } catch (error) {
      // Do not leave a worker behind that can never run a task.
      if (!isTransient(error) && ![...this.tasks].some((task) => task.hasLease)) await this.#remove();
      throw error;
    }
  }

  async #create(): Promise<WorkerState> {
    const { client, logger, name = `${hostname()}:${process.pid}`, heartbeatSeconds } = this.#options;
    const { body } = await client.call("createWorker", { body: { name: name.slice(0, 255) } });
    const end = new AbortController();
    const drain = new AbortController();
    const heartbeat = new Heartbeat({
      client,
      logger,
      workerId: body.id,
      seconds: body.heartbeat_seconds,
      fixedSeconds: heartbeatSeconds,
      tasks: this.tasks,
      onForgotten: () => this.markForgotten(body.id),
      onDraining: () => this.markDrained(body.id),
      isDraining: () => drain.signal.aborted,
    });
    heartbeat.start();
    logger.info({ worker: body.id, name: body.name }, "worker created");
    const updates = new UpdateQueue(client, body.id);
    const suspensionDetector = new SuspensionDetector((seconds) => {
      logger.warn({ worker: body.id, seconds }, "this process was suspended: checking its leases");
      updates.pauseUntil(heartbeat.sendNow());
    });
    const signals = { end, gone: end.signal, drain, drained: drain.signal };
    return { id: body.id, ...signals, updates, heartbeat, registered: new Set(), suspensionDetector };
  }

  async #registerJobs(worker: WorkerState): Promise<void> {
    const registrations = this.#options.getRegistrations();
    if (worker.lastRegistrations === registrations) return;
    for (const roomRegistration of registrations) {
      const key = toKey(roomRegistration);
      if (worker.registered.has(key)) continue;
      await this.#options.client
        .call("registerJob", {
          params: { room_id: roomRegistration.room },
          body: { ...roomRegistration.registration, worker_id: worker.id },
        })
        .catch((error: unknown) => {
          throw addJobToError(key, error);
        });
      worker.registered.add(key);
      const { category, name } = roomRegistration.registration;
      this.#options.logger.info(
        { worker: worker.id, room: roomRegistration.room, category, name },
        "job registered",
      );
    }
    worker.lastRegistrations = registrations;
  }

  #endWorker(): void {
    this.#worker?.suspensionDetector.stop();
    this.#worker?.heartbeat.stop();
    this.#worker?.end.abort();
    this.#worker = undefined;
  }

  async #remove(): Promise<void> {
    const id = this.#worker?.id;
    if (id === undefined) return;
    this.#endWorker();
    try {
      const options = { retry: SHUTDOWN_RETRY, timeoutSeconds: 5 };
      await this.#options.client.call("removeWorker", { params: { worker_id: id } }, options);
    } catch (error) {
      if (error instanceof WorkerNotFoundError) return;
      this.#options.logger.warn({ err: error, worker: id }, "failed to deregister the worker");
    }
  }
}

/** Adds the job to the message of a problem. The message of a schema conflict already contains it. */
const addJobToError = (job: string, error: unknown): unknown => {
  if (!(error instanceof ProblemError) || error instanceof SchemaConflictError) return error;
  return toProblemError({ ...error.problem, detail: `${job}: ${error.message}` }, error.retryAfter);
};

const toKey = ({ room, registration: { category, name } }: RoomRegistration) => `${room}:${category}:${name}`;
