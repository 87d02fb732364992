import { hostname } from "node:os";
import type { JobRegistration, StopReason } from "../protocol/index.ts";
import type { JoblibClient } from "./client.ts";
import { errorOf, ProblemError, SchemaConflictError, UsageError, WorkerNotFoundError } from "./errors.ts";
import { Heartbeat, type LeasedTask } from "./heartbeat.ts";
import type { Logger } from "./logger.ts";
import { isTransient, withRetry } from "./retry.ts";
import { SuspensionDetector } from "./suspension-detector.ts";
import { TaskTable } from "./task-table.ts";
import { UpdateQueue } from "./update-queue.ts";

/** One job in one room, to be announced. */
export interface RoomRegistration {
  readonly room: string;
  readonly registration: Omit<JobRegistration, "worker_id">;
}

/** A worker as the server knows it; `gone` is aborted once it does no longer, `drained` once it gives it no task any more. */
export interface LiveWorker {
  readonly id: string;
  readonly gone: AbortSignal;
  readonly drained: AbortSignal;
  /** What it says of its tasks. */
  readonly updates: UpdateQueue;
}

/** What a session is made of. */
export interface SessionOptions {
  readonly client: JoblibClient;
  readonly logger: Logger;
  /** For people; `host:pid` where it is not given. */
  readonly name?: string | undefined;
  readonly heartbeatSeconds?: number | undefined;
  /** What to announce; asked again at every turn, so that later registrations follow. */
  readonly getRegistrations: () => readonly RoomRegistration[];
}

interface WorkerState extends LiveWorker {
  readonly end: AbortController;
  readonly drain: AbortController;
  readonly heartbeat: Heartbeat;
  readonly registered: Set<string>;
  /** What all of that was announced of: there is nothing to do while it is the same. */
  last?: readonly RoomRegistration[];
  readonly watch: SuspensionDetector;
}

const RECONNECT_RETRY = {
  attempts: Number.POSITIVE_INFINITY,
  baseSeconds: 1,
  maxSeconds: 30,
  deadlineSeconds: Number.POSITIVE_INFINITY,
};
const SHUTDOWN_RETRY = { attempts: 3, deadlineSeconds: 5 };

/** One worker: announces its jobs, beats, knows what it holds, and leaves. */
export class WorkerSession {
  readonly #options: SessionOptions;
  readonly #held = new TaskTable<LeasedTask>();
  readonly #closed = new AbortController();
  #worker: WorkerState | undefined;
  #registering: Promise<LiveWorker> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The worker's id while there is one. */
  get workerId(): string | undefined {
    return this.#worker?.id;
  }

  /** True once the server gives the worker no task any more. */
  get isDrained(): boolean {
    return this.#worker?.drained.aborted === true;
  }

  /** True for a job that the server has been told of, in whichever room. */
  hasRegistered(category: string, name: string): boolean {
    return [...(this.#worker?.registered ?? [])].some((key) => key.endsWith(`:${category}:${name}`));
  }

  /** The worker, where there is nothing left to announce. */
  get current(): LiveWorker | undefined {
    const isReady = this.#worker !== undefined && this.#worker.last === this.#options.getRegistrations();
    return isReady && !this.#closed.signal.aborted ? this.#worker : undefined;
  }

  /** The worker, once it is made and all of its jobs are announced. */
  async ready(): Promise<LiveWorker> {
    if (this.#closed.signal.aborted) throw new UsageError("the job manager was disposed");
    this.#registering ??= this.#register().finally(() => {
      this.#registering = undefined;
    });
    return this.#registering;
  }

  /** Takes a task into the worker's hands: every heartbeat names it from now on. False where it is held already. */
  addTask(task: LeasedTask): boolean {
    const before = this.#held.find(task.id);
    if (before?.attempt === task.attempt) return false;
    if (before !== undefined) this.#held.delete(before);
    this.#held.add(task);
    this.#worker?.heartbeat.scheduleNewTaskHeartbeat();
    return true;
  }

  /** The task is over, or given back. */
  removeTask(task: LeasedTask): void {
    this.#held.delete(task);
  }

  /** A claim's answer may be lost: a beat without its task gives it back to the others after the server's grace of 5 s. */
  scheduleLostClaimHeartbeat(): void {
    this.#worker?.heartbeat.sendAfter(5_500);
  }

  /** Gives back tasks that were not started; what cannot be told now, the heartbeat's list tells. */
  async release(workerId: string, tasks: readonly LeasedTask[]): Promise<void> {
    for (const task of tasks) this.removeTask(task);
    if (tasks.length === 0) return;
    const request = { params: { worker_id: workerId }, body: { tasks: tasks.map(({ id }) => id) } };
    await this.#options.client
      .call("releaseTasks", request, { retry: SHUTDOWN_RETRY, timeoutSeconds: 5 })
      .catch((error: unknown) => {
        this.#options.logger.warn({ err: error, worker: workerId }, "tasks could not be given back");
      });
  }

  /** The server gives the worker no task any more: its streams end, and what it holds it finishes. */
  drain(workerId: string): void {
    const worker = this.#worker;
    if (worker?.id !== workerId || worker.drained.aborted) return;
    this.#options.logger.warn(
      { worker: workerId, held: this.#held.size },
      "drained: no new tasks for this worker",
    );
    worker.drain.abort();
  }

  /** The server does not know the worker any more: what it held is lost, and, unless it was drained, it announces itself again. */
  markForgotten(workerId: string): void {
    const forgotten = this.#worker;
    if (forgotten?.id !== workerId) return;
    this.#options.logger.warn(
      { worker: workerId, held: this.#held.size },
      "the server has forgotten this worker",
    );
    this.#endWorker();
    for (const task of this.#held) this.#stop(task, "lost");
    if (this.#closed.signal.aborted || forgotten.drained.aborted) return;
    const again = withRetry(() => this.ready(), isTransient, {
      policy: RECONNECT_RETRY,
      abort: this.#closed,
    });
    again.catch((error: unknown) => {
      if (!this.#closed.signal.aborted)
        this.#options.logger.error({ err: error }, "the worker could not announce itself again");
    });
  }

  /** Leaves: no beat any more, and the server may offer to others what was held. */
  async deregister(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    await this.#registering?.catch(() => {});
    await this.#remove();
  }

  async #register(): Promise<LiveWorker> {
    try {
      for (let tries = 1; ; tries += 1) {
        this.#worker ??= await this.#create();
        const worker = this.#worker;
        try {
          await this.#registerJobs(worker);
          return worker;
        } catch (error) {
          if (!(error instanceof WorkerNotFoundError) || tries === 3) throw error;
          this.#endWorker();
        }
      }
    } catch (error) {
      // A worker that will never run anything is not left behind.
      if (!isTransient(error) && this.#held.size === 0) await this.#remove();
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
      held: this.#held,
      onStop: (task, reason) => this.#stop(task, reason),
      onForgotten: () => this.markForgotten(body.id),
      onDraining: () => this.drain(body.id),
      isDraining: () => drain.signal.aborted,
    });
    heartbeat.start();
    logger.info({ worker: body.id, name: body.name }, "worker announced");
    const updates = new UpdateQueue(client, body.id);
    const watch = new SuspensionDetector((seconds) => {
      logger.warn({ worker: body.id, seconds }, "this process stood still: asking what it still holds");
      updates.pauseUntil(heartbeat.ask());
    });
    const signals = { end, gone: end.signal, drain, drained: drain.signal };
    return { id: body.id, ...signals, updates, heartbeat, registered: new Set(), watch };
  }

  async #registerJobs(worker: WorkerState): Promise<void> {
    const all = this.#options.getRegistrations();
    if (worker.last === all) return;
    for (const announcement of all) {
      const key = toKey(announcement);
      if (worker.registered.has(key)) continue;
      await this.#options.client
        .call("registerJob", {
          params: { room_id: announcement.room },
          body: { ...announcement.registration, worker_id: worker.id },
        })
        .catch((error: unknown) => {
          throw addJobToError(key, error);
        });
      worker.registered.add(key);
      const { category, name } = announcement.registration;
      this.#options.logger.info(
        { worker: worker.id, room: announcement.room, category, name },
        "job announced",
      );
    }
    worker.last = all;
  }

  #stop(task: LeasedTask, reason: StopReason): void {
    this.removeTask(task);
    task.markLost(reason);
  }

  #endWorker(): void {
    this.#worker?.watch.stop();
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
      this.#options.logger.warn({ err: error, worker: id }, "the worker could not take its leave");
    }
  }
}

/** A server's refusal, saying which of the worker's jobs it is about; a conflict says it by itself. */
const addJobToError = (job: string, error: unknown): unknown => {
  if (!(error instanceof ProblemError) || error instanceof SchemaConflictError) return error;
  return errorOf({ ...error.problem, detail: `${job}: ${error.message}` }, error.retryAfter);
};

const toKey = ({ room, registration: { category, name } }: RoomRegistration) => `${room}:${category}:${name}`;
