import type { HttpHandler } from "msw";
import {
  formatFileReference,
  isTerminal,
  type Job,
  type LogLine,
  type OutputPart,
  type StoredFile,
  type SubmittedTask,
  type Task,
} from "../../protocol/index.ts";
import { createFakeOperations } from "./fake-operations.ts";
import { createOutputStreamHandler } from "./fake-output.ts";
import { FakeState, type FakeWorker } from "./fake-state.ts";
import { type FakeSubmission, requeue } from "./fake-tasks.ts";
import { createTransferHandlers } from "./fake-transfers.ts";
import { type Fakes, type HandlerOptions, joblibHandlers } from "./handlers.ts";

/** Options of a `FakeServer`. */
export interface FakeServerOptions extends HandlerOptions {
  /** Heartbeat interval that workers receive, in seconds. Default: 15. */
  readonly heartbeatSeconds?: number;
}

/**
 * A joblib server in memory, for unit tests. It supports jobs, claims, leases, long polls, outputs
 * and files, but has no authentication, and of payloads and results it validates only the files.
 */
export class FakeServer {
  /** Request handlers for msw: `setupServer(...fake.handlers)`. */
  readonly handlers: HttpHandler[];
  /** The fakes of the operations. A test can wrap a fake to change its response. */
  readonly fakes: Fakes;
  readonly #state = new FakeState();

  constructor({ heartbeatSeconds = 15, ...options }: FakeServerOptions = {}) {
    this.fakes = createFakeOperations(this.#state, heartbeatSeconds);
    const { url = "*" } = options;
    this.handlers = [
      ...joblibHandlers(this.fakes, options),
      createOutputStreamHandler(this.#state, url),
      ...createTransferHandlers(this.#state, url),
    ];
  }

  /** All registered jobs. */
  get jobs(): Job[] {
    return [...this.#state.jobs.values()];
  }
  /** All workers. */
  get workers(): FakeWorker[] {
    return [...this.#state.workers.values()];
  }
  /** All tasks, oldest first. */
  get tasks(): Task[] {
    return [...this.#state.tasks.values()].map(({ wire }) => wire);
  }
  /** Returns a task. Throws a `Problem` if it does not exist. */
  task(id: string): Task {
    return this.#state.task(id).wire;
  }
  /** Returns the log lines of a task. */
  log(id: string): readonly LogLine[] {
    return this.#state.task(id).log;
  }

  /** Returns the parts of the output of a task's current attempt. */
  output(id: string): readonly OutputPart[] {
    const { outputs, wire } = this.#state.task(id);
    return outputs.get(wire.attempt) ?? [];
  }

  /**
   * Waits until `predicate` is true for a task, by default until the task has ended. Throws an
   * `Error` after 10 s.
   */
  async waitFor(
    id: string,
    predicate: (task: Task) => boolean = ({ status }) => isTerminal(status),
  ): Promise<Task> {
    const read = () => (predicate(this.task(id)) ? this.task(id) : undefined);
    const task = await this.#state.waitFor(read, 10);
    if (task !== undefined) return task;
    const current = JSON.stringify(this.task(id));
    throw new Error(`the predicate was not true for task ${id} within 10 s: ${current}`);
  }

  /** All files, oldest first. */
  get files(): StoredFile[] {
    return this.#state.files.list();
  }

  /** Returns the content of a file. Throws a `Problem` if the file does not exist. */
  fileContent(id: string): Uint8Array {
    return new Uint8Array(this.#state.files.get(id).content);
  }

  /**
   * Adds a file to a room without HTTP, and returns its reference for a payload.
   *
   * @example
   * const trajectory = fake.addFile("lab", "md.xyz", "1\n\nHe 0 0 0\n");
   * fake.submit("lab", "private:movies:Render", { payload: { trajectory } });
   */
  addFile(room: string, name: string, content: string | Uint8Array, mediaType?: string): string {
    const bytes = Buffer.from(content);
    const { files } = this.#state;
    const { id } = files.create({ name, size: bytes.length, media_type: mediaType }, { roomId: room });
    if (bytes.length > 0) files.append(files.get(id), bytes);
    return formatFileReference(id);
  }

  /** Submits a task without HTTP. */
  submit(room: string, jobName: string, submission?: FakeSubmission): SubmittedTask {
    return this.#state.toSubmitted(this.#state.submit(room, jobName, submission));
  }

  /**
   * Cancels a task without HTTP. The response to the worker's heartbeat reports the cancellation.
   */
  cancel(id: string): Task {
    return this.#state.update(id, { status: "cancelled" });
  }

  /** Requeues a task of a worker, as the sweeper does. */
  requeue(id: string): Task {
    const task = requeue(this.#state.task(id));
    this.#state.notify();
    return task;
  }

  /** Drains a worker, as its owner or an admin does. */
  drainWorker(id: string): void {
    this.#state.drain(id);
  }

  /** Removes a worker, as the sweeper does if the worker's heartbeats stop. */
  removeWorker(id: string): void {
    this.#state.removeWorker(id);
  }
}

/** Creates a fake server. */
export const createFakeServer = (options?: FakeServerOptions): FakeServer => new FakeServer(options);
