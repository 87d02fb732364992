import { hostname } from "node:os";
import type { Task } from "../../protocol/index.ts";
import { ProblemError, SchemaConflictError, UsageError, WorkerNotFoundError } from "../errors.ts";
import type { JobRegistry } from "../extension/job-registry.ts";
import type { JoblibClient } from "../http/client.ts";
import { MAX_LONG_POLL_SECONDS } from "../http/request.ts";
import { isTransient, withRetry } from "../http/retry.ts";
import type { Logger } from "../logger.ts";
import { toProblemError } from "../problem-errors.ts";
import type { ClaimedTask } from "./claimed-task.ts";
import { Heartbeat } from "./heartbeat.ts";
import { SuspensionDetector } from "./suspension-detector.ts";
import { UpdateQueue } from "./update-queue.ts";

/** A worker that exists on the server. */
export interface LiveWorker {
  readonly id: string;
  /** Aborted when the worker is deregistered, or when the server has removed it. */
  readonly gone: AbortController;
  /** Aborted when the worker was drained by its owner or an admin. */
  readonly drained: AbortController;
  /** Sends the updates of the worker's tasks. */
  readonly updates: UpdateQueue;
  readonly heartbeat: Heartbeat;
  /** The jobs that are registered with the server, as `<room>:<category>:<name>`. */
  readonly registered: Set<string>;
  /** The latest version of the job registry of which all jobs are registered with the server. */
  registeredVersion?: number;
}

interface SessionOptions {
  readonly client: JoblibClient;
  readonly logger: Logger;
  readonly name?: string | undefined;
  readonly heartbeatSeconds?: number | undefined;
  readonly registry: Pick<JobRegistry<never>, "version" | "getRegistrations">;
  /** Registers the providers of the worker. */
  readonly registerProviders?: (worker: LiveWorker) => Promise<void>;
}

const RECONNECT_RETRY = { attempts: Infinity, baseSeconds: 1, maxSeconds: 30, deadlineSeconds: Infinity };
const SHUTDOWN_OPTIONS = { retry: { attempts: 3, deadlineSeconds: 5 }, timeoutSeconds: 5 };

/**
 * The worker of a job manager. Creates the worker, registers its jobs, sends its heartbeats, claims
 * tasks, and deregisters the worker.
 */
export class WorkerSession {
  readonly #options: SessionOptions;
  /**
   * The tasks that have not ended. They are in an array, because a `Map` or `Set` keeps removed
   * tasks in memory for some time (ADR 19).
   */
  readonly #tasks: ClaimedTask[] = [];
  readonly #closed = new AbortController();
  #worker: LiveWorker | undefined;
  #registering: Promise<LiveWorker> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The worker; undefined if there is none on the server. */
  get worker(): LiveWorker | undefined {
    return this.#worker;
  }

  /** Returns true if the job is registered with the server, in any room. */
  hasRegistered(category: string, name: string): boolean {
    return [...(this.#worker?.registered ?? [])].some((key) => key.endsWith(`:${category}:${name}`));
  }

  /** The tasks that have not ended in this process, even if their lease is lost. */
  get tasks(): ClaimedTask[] {
    return [...this.#tasks];
  }

  /** The worker if all its jobs are registered with the server, otherwise undefined. */
  get current(): LiveWorker | undefined {
    const isReady = this.#worker?.registeredVersion === this.#options.registry.version;
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

  /**
   * Claims up to `limit` tasks with a long poll, and starts them if `start` is true. If the
   * response is lost, schedules a heartbeat in 5.5 s, so that the server finds the tasks of this
   * claim and requeues them: it requeues claimed tasks that heartbeats have not listed for 5 s.
   */
  async claim(
    worker: LiveWorker,
    { limit, start, signal }: { limit: number; start: boolean; signal: AbortSignal },
  ): Promise<readonly Task[]> {
    const { client } = this.#options;
    const wait = MAX_LONG_POLL_SECONDS - Math.floor(Math.random() * 5);
    const options = { wait, signal, retry: false, timeoutSeconds: 10 } as const;
    const startOption = start ? { start } : {};
    try {
      if (limit === 1) {
        const request = { body: { worker_id: worker.id, ...startOption } };
        const { body } = await client.call("claimTask", request, options);
        if (body.draining === true) this.#markDrained(worker);
        return body.task === null ? [] : [body.task];
      }
      const request = { params: { worker_id: worker.id }, body: { limit, ...startOption } };
      const { body } = await client.call("claimTasks", request, options);
      if (body.draining === true) this.#markDrained(worker);
      return body.tasks;
    } catch (error) {
      if (error instanceof WorkerNotFoundError) this.#handleUnknownWorker(worker);
      // Only a 4xx response proves that no task was claimed. After any other error, or an
      // interruption by the network or by `stop`, the database may have committed the claim.
      const hasClaimedNothing = error instanceof ProblemError && error.problem.status < 500;
      if (!hasClaimedNothing) this.#worker?.heartbeat.sendAfter(5_500);
      throw error;
    }
  }

  /**
   * Adds claimed tasks to the heartbeats. Returns the added tasks. Tasks that the worker already
   * has with the same attempt are skipped.
   */
  addTasks<Claimed extends ClaimedTask>(claimed: readonly Claimed[]): Claimed[] {
    const added = new Map(claimed.map((task) => [task.id, task]));
    for (const known of this.#tasks) {
      const task = added.get(known.id);
      if (task?.attempt === known.attempt) added.delete(known.id);
      else if (task !== undefined) known.hasLease = false;
    }
    this.#tasks.push(...added.values());
    if (added.size > 0) this.#worker?.heartbeat.scheduleForNewTask();
    return [...added.values()];
  }

  removeTask(task: ClaimedTask): void {
    const index = this.#tasks.indexOf(task);
    const last = index === -1 ? undefined : this.#tasks.pop();
    if (last !== undefined && last !== task) this.#tasks[index] = last;
  }

  /**
   * Requeues a task that has not started. If the request fails, the server requeues the task later,
   * because the worker's heartbeats no longer list it.
   */
  async release(workerId: string, taskId: string): Promise<void> {
    const request = { params: { worker_id: workerId }, body: { tasks: [taskId] } };
    try {
      await this.#options.client.call("releaseTasks", request, SHUTDOWN_OPTIONS);
    } catch (error) {
      this.#options.logger.warn({ err: error, worker: workerId, task: taskId }, "failed to requeue a task");
    }
  }

  /**
   * Stops the worker's streams, because its owner or an admin has drained it. Running tasks
   * continue to their end.
   */
  #markDrained(worker: LiveWorker): void {
    if (this.#worker !== worker || worker.drained.signal.aborted) return;
    const fields = { worker: worker.id, tasks: this.#tasks.length };
    this.#options.logger.warn(fields, "drained: no new tasks for this worker");
    worker.drained.abort();
  }

  /**
   * Called when the server has removed the worker, so that all its tasks are lost. Creates a new
   * worker, unless the old worker was drained.
   */
  #handleUnknownWorker(worker: LiveWorker): void {
    if (this.#worker !== worker) return;
    const fields = { worker: worker.id, tasks: this.#tasks.length };
    this.#options.logger.warn(fields, "the server no longer knows this worker");
    this.#endWorker();
    for (const task of this.tasks) task.markLost("lost");
    if (this.#closed.signal.aborted || worker.drained.signal.aborted) return;
    const retry = { policy: RECONNECT_RETRY, signal: this.#closed.signal };
    withRetry(() => this.ready(), isTransient, retry).catch((error: unknown) => {
      if (!this.#closed.signal.aborted)
        this.#options.logger.error({ err: error }, "failed to register the worker again");
    });
  }

  /**
   * Deregisters the worker. The server requeues its claimed tasks; its running tasks fail or are
   * retried.
   */
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
      // A worker whose jobs cannot be registered can never run a task, so it is removed.
      if (!isTransient(error) && !this.#tasks.some((task) => task.hasLease)) await this.#remove();
      throw error;
    }
  }

  async #create(): Promise<LiveWorker> {
    const { client, logger, name = `${hostname()}:${process.pid}`, heartbeatSeconds } = this.#options;
    const { body } = await client.call("createWorker", { body: { name: name.slice(0, 255) } });
    const { id } = body;
    const [gone, drained] = [new AbortController(), new AbortController()];
    const heartbeat = new Heartbeat({
      client,
      logger,
      workerId: id,
      seconds: body.heartbeat_seconds,
      fixedSeconds: heartbeatSeconds,
      getTasks: () => this.tasks,
      onForgotten: () => this.#handleUnknownWorker(worker),
      onDraining: () => this.#markDrained(worker),
      isDraining: () => drained.signal.aborted,
    });
    const updates = new UpdateQueue(client, id);
    const suspensionDetector = new SuspensionDetector((seconds) => {
      logger.warn({ worker: id, seconds }, "this process was suspended: checking its leases");
      updates.pauseUntil(heartbeat.sendNow());
    });
    gone.signal.addEventListener("abort", () => {
      suspensionDetector.stop();
      heartbeat.stop();
    });
    const worker: LiveWorker = { id, gone, drained, updates, heartbeat, registered: new Set() };
    heartbeat.start();
    logger.info({ worker: id, name: body.name }, "worker created");
    return worker;
  }

  async #registerJobs(worker: LiveWorker): Promise<void> {
    const { client, logger, registry } = this.#options;
    const { version } = registry;
    if (worker.registeredVersion === version) return;
    for (const { room, registration } of registry.getRegistrations()) {
      const { category, name } = registration;
      const key = `${room}:${category}:${name}`;
      if (worker.registered.has(key)) continue;
      const request = { params: { room_id: room }, body: { ...registration, worker_id: worker.id } };
      await client.call("registerJob", request).catch((error: unknown) => {
        throw addJobToError(key, error);
      });
      worker.registered.add(key);
      logger.info({ worker: worker.id, room, category, name }, "job registered");
    }
    await this.#options.registerProviders?.(worker);
    worker.registeredVersion = version;
  }

  #endWorker(): void {
    this.#worker?.gone.abort();
    this.#worker = undefined;
  }

  async #remove(): Promise<void> {
    const id = this.#worker?.id;
    if (id === undefined) return;
    this.#endWorker();
    try {
      await this.#options.client.call("removeWorker", { params: { worker_id: id } }, SHUTDOWN_OPTIONS);
    } catch (error) {
      if (error instanceof WorkerNotFoundError) return;
      this.#options.logger.warn({ err: error, worker: id }, "failed to deregister the worker");
    }
  }
}

/**
 * Adds the job to the message of a problem. The message of a schema conflict already contains it.
 */
function addJobToError(job: string, error: unknown): unknown {
  if (!(error instanceof ProblemError) || error instanceof SchemaConflictError) return error;
  return toProblemError({ ...error.problem, detail: `${job}: ${error.message}` }, error.retryAfter);
}
