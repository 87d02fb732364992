import { isRoomId, type SubmittedTask, type Task } from "../protocol/index.ts";
import { ClaimedTask } from "./claimed-task.ts";
import { type ClientOptions, JoblibClient } from "./client.ts";
import { UsageError } from "./errors.ts";
import type { ExtensionClass, ExtensionInstance } from "./extension.ts";
import { JobRegistry } from "./job-registry.ts";
import type { AnyJobs, JobNameOf, JobTypes, NamedSubmission, TaskOf } from "./job-types.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { readEnvironment } from "./options.ts";
import { createRegister, type Register } from "./register.ts";
import { type RunCallbacks, runStream } from "./run-stream.ts";
import {
  type Destination,
  getDestination,
  getDestinationByName,
  type SubmitOptions,
  toInstanceSubmission,
  toSubmission,
} from "./submission.ts";
import { type AddressedSubmission, submitMany } from "./submit-many.ts";
import { SubmitQueue } from "./submit-queue.ts";
import type { TaskEnvironment, TaskLifecycle } from "./task-environment.ts";
import { type ListenOptions, TaskStream } from "./task-stream.ts";
import { TaskTable } from "./task-table.ts";
import { type LiveWorker, WorkerSession } from "./worker-session.ts";

/** Rooms whose submits are gathered; who submits to more of them starts anew, and nothing is lost by that. */
const MAX_SUBMIT_QUEUES = 1_000;

/** How a manager reaches the server, and what its worker is like. */
export interface JobManagerOptions extends ClientOptions {
  /** Where jobs are registered and tasks submitted that name no room; `JOBLIB_ROOM`. */
  readonly room?: string | undefined;
  /** The worker's label for people; `host:pid`. */
  readonly name?: string | undefined;
  /** In the place of what the server asks for. */
  readonly heartbeatSeconds?: number | undefined;
  readonly logger?: Logger | undefined;
  /** True: what a task's `run` prints by `console` is kept with the task, besides being printed. */
  readonly captureConsole?: boolean | undefined;
}

/** Options of `JobManager.run`. */
export interface RunOptions<Context> extends ListenOptions, RunCallbacks<Context> {
  /** Aborting it ends the tasks in hand too: what was started fails as interrupted, the rest is given back. */
  readonly interrupt?: AbortSignal | undefined;
}

/**
 * The jobs that this process can run, like a `Map` from class name to class, and the worker that runs them.
 * Registering is local; the first turn of `listen`, or `ready`, announces.
 *
 * @example
 * await using jobs = new JobManager({ url, token, room: "lab" }, viewer);
 * jobs.register(Rotate);
 * for await (const task of jobs.listen()) await task.run();
 */
export class JobManager<Context = unknown, Jobs extends JobTypes<Jobs> = AnyJobs> implements AsyncDisposable {
  readonly client: JoblibClient;
  readonly room: string | undefined;
  /** Bound, because compiled decorators call it without `this`. */
  readonly register: Register<Context>;
  readonly #context: Context | undefined;
  readonly #logger: Logger;
  readonly #captureConsole: boolean;
  readonly #registry = new JobRegistry<Context>();
  readonly #session: WorkerSession;
  /** By room. */
  readonly #submits = new Map<string, SubmitQueue>();
  readonly #streams = new Set<TaskStream<Context>>();
  readonly #tasks = new TaskTable<ClaimedTask<Context>>();
  #disposing: Promise<void> | undefined;

  constructor(options: JobManagerOptions = {}, context?: Context) {
    this.client = new JoblibClient(options);
    this.room = options.room ?? readEnvironment("JOBLIB_ROOM");
    if (this.room !== undefined && !isRoomId(this.room)) {
      throw new UsageError(`${JSON.stringify(this.room)} cannot be a room's name`);
    }
    this.#context = context;
    this.#logger = options.logger ?? silentLogger;
    this.#captureConsole = options.captureConsole === true;
    this.#session = new WorkerSession({
      client: this.client,
      logger: this.#logger,
      name: options.name,
      heartbeatSeconds: options.heartbeatSeconds,
      getRegistrations: () => this.#registry.getRegistrations(this.room),
    });
    this.register = createRegister(this.#registry);
  }

  get size(): number {
    return this.#registry.keys().length;
  }
  get(name: string): ExtensionClass<Context> | undefined {
    return this.#registry.get(name)?.Class;
  }
  has(name: string): boolean {
    return this.#registry.get(name) !== undefined;
  }
  /** `register` in the words of a Map: the name must be that of the class. */
  set(name: string, Class: ExtensionClass<Context>): this {
    if (name !== Class.name)
      throw new UsageError(`${Class.name} can be registered only as ${Class.name}, not as ${name}`);
    this.register(Class);
    return this;
  }
  /** Takes a class out again that was not announced yet: the server has no way to take one job from a worker. */
  delete(name: string): boolean {
    const Class = this.get(name);
    if (Class !== undefined && this.#session.hasRegistered(Class.category, Class.name)) {
      throw new UsageError(`${name} is announced already: dispose of the manager to serve it no longer`);
    }
    return this.#registry.delete(name);
  }
  keys(): IterableIterator<string> {
    return this.#registry.keys().values();
  }
  values(): IterableIterator<ExtensionClass<Context>> {
    return this.#registry
      .entries()
      .map(({ Class }) => Class)
      .values();
  }
  *entries(): IterableIterator<[string, ExtensionClass<Context>]> {
    for (const name of this.#registry.keys()) {
      const Class = this.get(name);
      if (Class !== undefined) yield [name, Class];
    }
  }
  /** The names, as the owner's dictionary has it, and not the pairs of a Map. */
  [Symbol.iterator](): IterableIterator<string> {
    return this.keys();
  }
  forEach(callback: (Class: ExtensionClass<Context>, name: string, manager: this) => void): void {
    for (const [name, Class] of this.entries()) callback(Class, name, this);
  }

  /** The worker's id, once it has announced itself. */
  get workerId(): string | undefined {
    return this.#session.workerId;
  }

  /** True once the server gives the worker no task any more: `listen` and `run` have come to their end, or are about to. */
  get isDrained(): boolean {
    return this.#session.isDrained;
  }

  /** Makes the worker and announces every job; a schema that differs from the registered one is a `SchemaConflictError`. */
  async ready(): Promise<void> {
    await this.#session.ready();
  }

  /**
   * Sends a task to whoever can run it, by an instance or by the job's name, which `Jobs` knows the payload and the result
   * of. Many at once are taken in their order, and all or none: up to 1,000, of up to 1 MB together. More go in several
   * requests, two of them at a time, and each is all or none.
   */
  submit<Name extends JobNameOf<Jobs>>(
    jobName: Name,
    ...rest: NamedSubmission<Jobs[Name]["payload"], SubmitOptions>
  ): Promise<TaskOf<Jobs[Name]["result"]>>;
  submit(extension: ExtensionInstance, options?: SubmitOptions): Promise<SubmittedTask>;
  submit(extensions: readonly ExtensionInstance[], options?: SubmitOptions): Promise<SubmittedTask[]>;
  async submit(
    given: string | ExtensionInstance | readonly ExtensionInstance[],
    second: object = {},
    third: SubmitOptions = {},
  ): Promise<SubmittedTask | SubmittedTask[]> {
    if (typeof given === "string") {
      const destination = getDestinationByName(given, third, this.room);
      return this.#submitOne({ destination, submission: toSubmission(second, third) }, third);
    }
    if (!("run" in given)) return this.#submitMany(given, second);
    const destination = this.#destinationOf(given, second);
    return this.#submitOne({ destination, submission: toInstanceSubmission(given, second) }, second);
  }

  /** Claims tasks, one after the other, or `concurrency` at a time; announces first. */
  listen(options: ListenOptions = {}): TaskStream<Context> {
    if (this.#disposing !== undefined) throw new UsageError("the job manager was disposed");
    const taker = (worker: LiveWorker, places: TaskLifecycle) => {
      const home = this.#homeOf(worker, places);
      return (wire: Task) => this.#claimed(wire, home);
    };
    const streamHome = {
      client: this.client,
      logger: this.#logger,
      session: this.#session,
      createTaskFactory: taker,
    };
    const stream = new TaskStream<Context>(streamHome, options);
    this.#streams.add(stream);
    return stream;
  }

  /** Runs everything that comes until `signal` is aborted, and then what is in hand; resolves when all is settled. */
  async run(options: RunOptions<Context> = {}): Promise<void> {
    const { interrupt, onTask, onOutcome, ...listening } = options;
    const stream = this.listen(listening);
    const onInterrupt = () => void this.interrupt();
    if (interrupt?.aborted) onInterrupt();
    interrupt?.addEventListener("abort", onInterrupt, { once: true });
    try {
      await runStream(stream, { onTask, onOutcome }, this.#logger);
    } finally {
      interrupt?.removeEventListener("abort", onInterrupt);
    }
  }

  /** Ends what is in hand now, without waiting for `run`: what was started fails as interrupted, the rest is given back. */
  async interrupt(why?: string): Promise<void> {
    for (const stream of this.#streams) stream.stop();
    await Promise.all([...this.#tasks].map((task) => task.interrupt(why)));
  }

  /** Takes no new tasks, waits for those that `run` is at work on, gives the others back, and removes the worker. */
  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #dispose(): Promise<void> {
    await Promise.all([...this.#streams].map((stream) => stream.return()));
    const why = "the worker left before it was finished";
    await Promise.all([...this.#tasks].map((task) => (task.isRunning ? task.settled : task.interrupt(why))));
    await this.#session.deregister();
  }

  #destinationOf(extension: ExtensionInstance, options: SubmitOptions): Destination {
    const entryOf = (Class: unknown) => this.#registry.of(Class);
    return getDestination(extension, options, { ownRoom: this.room, entryOf });
  }

  #submitOne(wanted: AddressedSubmission, options: SubmitOptions): Promise<SubmittedTask> {
    const { room_id } = wanted.destination;
    const queue = this.#submits.get(room_id) ?? new SubmitQueue(this.client, room_id);
    if (this.#submits.size >= MAX_SUBMIT_QUEUES) this.#submits.clear();
    this.#submits.set(room_id, queue);
    return queue.send(wanted, options);
  }

  async #submitMany(
    extensions: readonly ExtensionInstance[],
    options: SubmitOptions,
  ): Promise<SubmittedTask[]> {
    // Instances of one class go to one place.
    const places = new Map<unknown, Destination>();
    const wanted = extensions.map((extension) => {
      const destination = places.get(extension.constructor) ?? this.#destinationOf(extension, options);
      places.set(extension.constructor, destination);
      return { destination, submission: toInstanceSubmission(extension, options) };
    });
    return submitMany(this.client, wanted, options);
  }

  #homeOf(worker: LiveWorker, places: TaskLifecycle): TaskEnvironment {
    return {
      updates: worker.updates,
      logger: this.#logger,
      captureConsole: this.#captureConsole,
      context: this.#context,
      find: (jobName) => this.#registry.find(jobName),
      release: (held) => this.#session.release(worker.id, [held]),
      onEnding: places.onEnding,
      onSettled: (task) => {
        this.#session.removeTask(task);
        this.#tasks.delete(task);
        places.onSettled(task);
      },
    };
  }

  /** A task in this worker's hands, or undefined where it is there already. */
  #claimed(wire: Task, home: TaskEnvironment): ClaimedTask<Context> | undefined {
    const task = new ClaimedTask<Context>(wire, home);
    if (!this.#session.addTask(task)) return undefined;
    this.#tasks.add(task);
    return task;
  }
}
