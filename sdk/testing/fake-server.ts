import type { HttpHandler } from "msw";
import { isTerminal, type Job, type LogLine, type SubmittedTask, type Task } from "../../protocol/index.ts";
import { fakeOperations } from "./fake-operations.ts";
import { FakeState, type FakeWorker } from "./fake-state.ts";
import { type FakeSubmission, requeue } from "./fake-tasks.ts";
import { type Fakes, type HandlerOptions, joblibHandlers } from "./handlers.ts";

/** How a fake behaves. */
export interface FakeServerOptions extends HandlerOptions {
  /** What workers are told; 15. */
  readonly heartbeatSeconds?: number;
}

/** A joblib server in memory, for unit tests: jobs, claims, fences and waits, without users and without validation. */
export class FakeServer {
  /** For msw: `setupServer(...fake.handlers)`. */
  readonly handlers: HttpHandler[];
  /** The operations themselves, to be wrapped where a test wants one to answer otherwise. */
  readonly fakes: Fakes;
  readonly #state = new FakeState();

  constructor({ heartbeatSeconds = 15, ...options }: FakeServerOptions = {}) {
    this.fakes = fakeOperations(this.#state, heartbeatSeconds);
    this.handlers = joblibHandlers(this.fakes, options);
  }

  get jobs(): Job[] {
    return [...this.#state.jobs.values()];
  }

  get workers(): FakeWorker[] {
    return [...this.#state.workers.values()];
  }

  /** All tasks as they stand, the oldest first. */
  get tasks(): Task[] {
    return [...this.#state.tasks.values()].map(({ wire }) => wire);
  }

  /** One task as it stands. */
  task(id: string): Task {
    return this.#state.task(id).wire;
  }

  /** The lines of a task's log. */
  log(id: string): readonly LogLine[] {
    return this.#state.task(id).log;
  }

  /** The task as soon as it holds, by default when it is terminal; ten seconds at most. */
  async waitFor(
    id: string,
    holds: (task: Task) => boolean = ({ status }) => isTerminal(status),
  ): Promise<Task> {
    const look = () => (holds(this.task(id)) ? this.task(id) : undefined);
    const task = await this.#state.changes.waitFor(look, 10);
    if (task === undefined) throw new Error(`task ${id} still is ${JSON.stringify(this.task(id))}`);
    return task;
  }

  /** Submits without HTTP. */
  submit(room: string, jobName: string, submission?: FakeSubmission): SubmittedTask {
    return this.#state.submit(room, jobName, submission);
  }

  /** Cancels without HTTP: its worker is told to stop. */
  cancel(id: string): Task {
    return this.#state.update(id, { status: "cancelled" });
  }

  /** Takes a task from its worker, as the sweeper does; it is pending again. */
  requeue(id: string): Task {
    const task = requeue(this.#state.task(id));
    this.#state.changes.notify();
    return task;
  }

  /** Gives a worker no task any more, as an admin can. */
  drainWorker(id: string): void {
    this.#state.drain(id);
  }

  /** Forgets a worker, as the sweeper does with a silent one. */
  forgetWorker(id: string): void {
    this.#state.removeWorker(id);
  }
}

/** A fresh fake. */
export const createFakeServer = (options?: FakeServerOptions): FakeServer => new FakeServer(options);
