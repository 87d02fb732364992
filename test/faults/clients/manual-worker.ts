import type { JsonObject, Task } from "../../../sdk/index.ts";
import type { Client } from "./client.ts";
import type { Outcome } from "./outcome.ts";

/** The schema of the job that the test clients use. */
export const RAW_SCHEMA: JsonObject = {
  type: "object",
  properties: { token: { type: "string" }, n: { type: "integer", minimum: 0 } },
  required: ["token"],
};

/** A lease on a task: the task's id, and the attempt number that must be sent with each update. */
export interface Lease {
  readonly id: string;
  readonly attempt: number;
}

/** A worker's update of a leased task. */
export interface TaskUpdate {
  readonly operation: "start" | "complete" | "fail" | "progress";
  readonly lease: Lease;
  /**
   * The id to send instead of this worker's id, to test that the server rejects updates of another
   * worker.
   */
  readonly worker?: string;
}

/**
 * A worker whose requests are separate methods, so that a case can send any request at any time.
 */
export class ManualWorker {
  readonly client: Client;
  readonly workerId: string;

  private constructor(client: Client, workerId: string) {
    this.client = client;
    this.workerId = workerId;
  }

  /** Creates a worker and registers a job in the client's room for it. */
  static async create(client: Client, job = "Raw"): Promise<ManualWorker> {
    const created = await client.callWithRetry({
      operation: "register",
      name: "createWorker",
      request: { body: { name: "worker" } },
    });
    if (created.outcome !== "ok") throw new Error(`creating a worker failed: ${created.problem}`);
    const manualWorker = new ManualWorker(client, created.body.id);
    await manualWorker.register(job);
    return manualWorker;
  }

  /** Returns the same worker with another client. */
  withClient(client: Client): ManualWorker {
    return new ManualWorker(client, this.workerId);
  }

  async register(job = "Raw"): Promise<void> {
    const registered = await this.client.callWithRetry({
      operation: "register",
      name: "registerJob",
      request: {
        params: { room_id: this.client.room },
        body: { category: "faults", name: job, schema: RAW_SCHEMA, worker_id: this.workerId },
      },
    });
    if (registered.outcome !== "ok") throw new Error(`registering the job failed: ${registered.problem}`);
  }

  async claim(
    options: { wait?: number; start?: boolean; signal?: AbortSignal } = {},
  ): Promise<Task | undefined> {
    const { wait, start = false, signal } = options;
    const outcome = await this.client.call({
      operation: "claim",
      name: "claimTask",
      request: { body: { worker_id: this.workerId, start } },
      input: { worker: this.workerId },
      options: { wait, signal },
    });
    return outcome.outcome === "ok" ? (outcome.body.task ?? undefined) : undefined;
  }

  async claimMany(limit: number, start = false): Promise<Task[]> {
    const outcome = await this.client.call({
      operation: "claim",
      name: "claimTasks",
      request: { params: { worker_id: this.workerId }, body: { limit, start } },
      input: { worker: this.workerId },
    });
    return outcome.outcome === "ok" ? outcome.body.tasks : [];
  }

  /** Sends an update with one request. */
  update(update: TaskUpdate): Promise<Outcome<Task>> {
    return this.client.call(this.#buildRequest(update));
  }

  /** Sends an update until its outcome is known. */
  updateWithRetry(update: TaskUpdate): Promise<Outcome<Task>> {
    return this.client.callWithRetry(this.#buildRequest(update));
  }

  heartbeat(tasks?: readonly string[], wait?: number) {
    return this.client.call({
      operation: "heartbeat",
      name: "heartbeat",
      request: {
        params: { worker_id: this.workerId },
        body: tasks === undefined ? {} : { tasks: [...tasks] },
      },
      input: { worker: this.workerId },
      options: { wait },
    });
  }

  release(tasks: readonly string[]) {
    return this.client.callWithRetry({
      operation: "release",
      name: "releaseTasks",
      request: { params: { worker_id: this.workerId }, body: { tasks: [...tasks] } },
      input: { worker: this.workerId },
    });
  }

  deregister() {
    return this.client.callWithRetry({
      operation: "deregister",
      name: "removeWorker",
      request: { params: { worker_id: this.workerId } },
      input: { worker: this.workerId },
    });
  }

  #buildRequest({ operation, lease: { id, attempt }, worker = this.workerId }: TaskUpdate) {
    const bodies = {
      start: { status: "running" as const },
      // The result contains the id of the worker that wrote it. The checker compares this id with
      // the worker that had the lease.
      complete: { status: "completed" as const, result: { by: worker, attempt } },
      fail: { status: "failed" as const, error: "it did not work" },
      progress: { progress: { fraction: 0.5 } },
    };
    return {
      operation,
      name: "updateTask" as const,
      request: { params: { task_id: id }, body: { ...bodies[operation], worker_id: worker, attempt } },
      input: { task: id, worker, attempt },
    };
  }
}
