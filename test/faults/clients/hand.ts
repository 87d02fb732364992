import type { JsonObject, Task } from "../../../sdk/index.ts";
import type { Client } from "./client.ts";
import type { Outcome } from "./outcome.ts";

/** The schema of the harness's own job. */
export const RAW_SCHEMA: JsonObject = {
  type: "object",
  properties: { token: { type: "string" }, n: { type: "integer", minimum: 0 } },
  required: ["token"],
};

/** What a worker holds: the task's id, and the attempt that fences. */
export interface Held {
  readonly id: string;
  readonly attempt: number;
}

/** What a worker says of a held task. */
export interface Word {
  readonly f: "start" | "complete" | "fail" | "progress";
  readonly held: Held;
  /** Another than its own, to see that it is refused. */
  readonly worker?: string;
}

/** A worker taken apart: each of its requests on its own, so that a case can make any of them at any time. */
export class Hand {
  readonly client: Client;
  readonly worker: string;

  private constructor(client: Client, worker: string) {
    this.client = client;
    this.worker = worker;
  }

  /** A new worker that is linked to the room's job. */
  static async of(client: Client, job = "Raw"): Promise<Hand> {
    const made = await client.persist({
      f: "register",
      name: "createWorker",
      request: { body: { name: "hand" } },
    });
    if (made.outcome !== "ok") throw new Error(`no worker: ${made.problem}`);
    const hand = new Hand(client, made.body.id);
    await hand.register(job);
    return hand;
  }

  /** The same worker, by another way. */
  via(client: Client): Hand {
    return new Hand(client, this.worker);
  }

  async register(job = "Raw"): Promise<void> {
    const registered = await this.client.persist({
      f: "register",
      name: "registerJob",
      request: {
        params: { room_id: this.client.room },
        body: { category: "faults", name: job, schema: RAW_SCHEMA, worker_id: this.worker },
      },
    });
    if (registered.outcome !== "ok") throw new Error(`no job: ${registered.problem}`);
  }

  async claim(
    options: { wait?: number; start?: boolean; signal?: AbortSignal } = {},
  ): Promise<Task | undefined> {
    const { wait, start = false, signal } = options;
    const outcome = await this.client.call({
      f: "claim",
      name: "claimTask",
      request: { body: { worker_id: this.worker, start } },
      asked: { worker: this.worker },
      options: { wait, signal },
    });
    return outcome.outcome === "ok" ? (outcome.body.task ?? undefined) : undefined;
  }

  async claimMany(limit: number, start = false): Promise<Task[]> {
    const outcome = await this.client.call({
      f: "claim",
      name: "claimTasks",
      request: { params: { worker_id: this.worker }, body: { limit, start } },
      asked: { worker: this.worker },
    });
    return outcome.outcome === "ok" ? outcome.body.tasks : [];
  }

  /** Says it once. */
  say(word: Word): Promise<Outcome<Task>> {
    return this.client.call(this.#request(word));
  }

  /** Says it until it is known whether it was heard. */
  insist(word: Word): Promise<Outcome<Task>> {
    return this.client.persist(this.#request(word));
  }

  beat(tasks?: readonly string[], wait?: number) {
    return this.client.call({
      f: "heartbeat",
      name: "heartbeat",
      request: { params: { worker_id: this.worker }, body: tasks === undefined ? {} : { tasks: [...tasks] } },
      asked: { worker: this.worker },
      options: { wait },
    });
  }

  release(tasks: readonly string[]) {
    return this.client.persist({
      f: "release",
      name: "releaseTasks",
      request: { params: { worker_id: this.worker }, body: { tasks: [...tasks] } },
      asked: { worker: this.worker },
    });
  }

  leave() {
    return this.client.persist({
      f: "leave",
      name: "removeWorker",
      request: { params: { worker_id: this.worker } },
      asked: { worker: this.worker },
    });
  }

  #request({ f, held: { id, attempt }, worker = this.worker }: Word) {
    const says = {
      start: { status: "running" as const },
      // Who wrote it is in the result: the checker compares it with who held the task.
      complete: { status: "completed" as const, result: { by: worker, attempt } },
      fail: { status: "failed" as const, error: "it did not work" },
      progress: { progress: { fraction: 0.5 } },
    };
    return {
      f,
      name: "updateTask" as const,
      request: { params: { task_id: id }, body: { ...says[f], worker_id: worker, attempt } },
      asked: { task: id, worker, attempt },
    };
  }
}
