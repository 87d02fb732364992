import { isRoomId, type SubmittedTask } from "../protocol/index.ts";
import { UsageError } from "./errors.ts";
import { type ExtensionClass, type ExtensionInstance, getPayload } from "./extension/extension.ts";
import { createRegister, JobRegistry, type Register } from "./extension/job-registry.ts";
import type { AnyJobs, JobNameOf, JobTypes, NamedSubmission, TaskOf } from "./extension/job-types.ts";
import { JoblibClient } from "./http/client.ts";
import type { ClientOptions } from "./http/options.ts";
import { readEnvironment } from "./http/request.ts";
import { type Logger, silentLogger } from "./logger.ts";
import type { ProviderClass } from "./provide/provider.ts";
import {
  combineRegistries,
  type ProvideOptions,
  ProviderRegistry,
  type ServedProvider,
} from "./provide/provider-registry.ts";
import { ReadServer } from "./provide/read-server.ts";
import type { AddressedPayload, SubmitOptions } from "./submit/submission.ts";
import { getDestination, getDestinationByName, toAddressedSubmission } from "./submit/submission.ts";
import { submitMany } from "./submit/submit-many.ts";
import { SubmitQueue } from "./submit/submit-queue.ts";
import { needsUpload, uploadPayloads } from "./submit/upload-payloads.ts";
import { type RunCallbacks, runStream } from "./worker/run-stream.ts";
import { type ListenOptions, TaskStream } from "./worker/task-stream.ts";
import { WorkerSession } from "./worker/worker-session.ts";

/** Options of a `JobManager`, which include the options of its client. */
export interface JobManagerOptions extends ClientOptions {
  /** The default room of jobs and tasks. Default: `JOBLIB_ROOM`. */
  readonly room?: string | undefined;
  /** The worker's label in the dashboard and CLI. Default: `host:pid`. */
  readonly name?: string | undefined;
  /** Interval of the heartbeats, in seconds. Default: the interval that the server returns. */
  readonly heartbeatSeconds?: number | undefined;
  /**
   * Receives the SDK's log lines; pino and Fastify loggers can be used directly. Default:
   * `silentLogger`.
   */
  readonly logger?: Logger | undefined;
  /**
   * If true, lines that the extension's `run` prints with `console` are also stored with the task.
   * Default: false.
   */
  readonly captureConsole?: boolean | undefined;
}

/**
 * Options of `JobManager.run`: the options of `listen`, callbacks, and a signal that interrupts the
 * tasks.
 */
export interface RunOptions<Context> extends ListenOptions, RunCallbacks<Context> {
  /** Aborting this signal calls `JobManager.interrupt`, which ends the current tasks. */
  readonly interrupt?: AbortSignal | undefined;
}

/**
 * Registers extension classes as jobs, runs their tasks as a worker, and submits tasks. The
 * registered classes can be accessed like a `Map` from class name to class. `register` only adds a
 * class locally; `ready`, `listen` and `run` create the worker and register the jobs with the
 * server.
 *
 * @example await using jobs = new JobManager({ url, token, room: "lab" }, viewer);
 *   jobs.register(Rotate); for await (const task of jobs.listen()) await task.run();
 */
export class JobManager<Context = unknown, Jobs extends JobTypes<Jobs> = AnyJobs> implements AsyncDisposable {
  /** The HTTP client of this manager. */
  readonly client: JoblibClient;
  /** The default room; undefined if none is set. */
  readonly room: string | undefined;
  /**
   * Registers an extension class locally, as a function or as a decorator. Throws `UsageError` for
   * a class that is not an extension, an invalid name or room, or a second class with the same
   * category and name.
   */
  readonly register: Register<Context>;
  readonly #logger: Logger;
  readonly #registry: JobRegistry<Context>;
  readonly #providers: ProviderRegistry;
  readonly #readServer: ReadServer;
  readonly #session: WorkerSession;
  readonly #environment: ConstructorParameters<typeof TaskStream<Context>>[0];
  readonly #submitQueue: SubmitQueue;
  readonly #streams = new Set<TaskStream<Context>>();
  #disposing: Promise<void> | undefined;

  /**
   * Creates a job manager. Does not send anything. `context` is the first argument of every `run`.
   * Throws `UsageError` if the URL or the room is invalid.
   */
  constructor(options: JobManagerOptions = {}, context?: Context) {
    this.client = new JoblibClient(options);
    this.#submitQueue = new SubmitQueue(this.client);
    this.room = options.room ?? readEnvironment("JOBLIB_ROOM");
    if (this.room !== undefined && !isRoomId(this.room)) {
      throw new UsageError(`${JSON.stringify(this.room)} is not a valid room id`);
    }
    const { logger = silentLogger, captureConsole = false } = options;
    const registry = new JobRegistry<Context>(this.room);
    this.#logger = logger;
    this.#registry = registry;
    const { client } = this;
    this.#providers = new ProviderRegistry(this.room);
    this.#readServer = new ReadServer({ client, logger, registry: this.#providers });
    this.#session = new WorkerSession({
      ...{ ...options, client, logger },
      registry: combineRegistries(registry, this.#providers),
      registerProviders: (worker) => this.#readServer.register(worker),
    });
    const find = (jobName: string) => registry.find(jobName);
    const { files } = client;
    this.#environment = { session: this.#session, logger, captureConsole, files, context, find };
    this.register = createRegister(registry);
  }

  /** The number of registered classes. */
  get size(): number {
    return this.#registry.entries.size;
  }
  /** Returns the class with this name, or undefined if there is none. */
  get(name: string): ExtensionClass<Context> | undefined {
    return this.#registry.get(name)?.Class;
  }
  /** Returns true if a class with the name is registered. */
  has(name: string): boolean {
    return this.#registry.get(name) !== undefined;
  }
  /**
   * Registers a class. Throws `UsageError` if `name` is not the name of the class, and the errors
   * of `register`.
   */
  set(name: string, Class: ExtensionClass<Context>): this {
    if (name !== Class.name) throw new UsageError(`${name} is not the name of the class: use ${Class.name}`);
    this.register(Class);
    return this;
  }
  /**
   * Removes a class that is not registered with the server yet. Returns false if there is no such
   * class. Throws `UsageError` if the class is already registered with the server, because the
   * server cannot remove a single job from a worker.
   */
  delete(name: string): boolean {
    const Class = this.get(name);
    if (Class !== undefined && this.#session.hasRegistered(Class.category, Class.name))
      throw new UsageError(
        `${name} is already registered with the server: dispose the job manager to stop serving it`,
      );
    return this.#registry.delete(name);
  }
  /** Returns an iterator of the class names. */
  keys(): IterableIterator<string> {
    return this.#registry.entries.keys();
  }
  /** Returns an iterator of the classes. */
  values(): IterableIterator<ExtensionClass<Context>> {
    return [...this.#registry.entries.values()].map(({ Class }) => Class).values();
  }
  /** Returns an iterator of names and classes. */
  *entries(): IterableIterator<[string, ExtensionClass<Context>]> {
    for (const [name, { Class }] of this.#registry.entries) yield [name, Class];
  }
  /** Returns an iterator of the class names, unlike a `Map`, whose iterator returns pairs. */
  [Symbol.iterator](): IterableIterator<string> {
    return this.keys();
  }
  /** Calls a function for each class. */
  forEach(callback: (Class: ExtensionClass<Context>, name: string, manager: this) => void): void {
    for (const [name, Class] of this.entries()) callback(Class, name, this);
  }

  /** The worker's id; undefined before the worker is created. */
  get workerId(): string | undefined {
    return this.#session.worker?.id;
  }
  /**
   * True if the worker was drained by its owner or an admin: it receives no more tasks, so `listen`
   * and `run` finish.
   */
  get isDrained(): boolean {
    return this.#session.worker?.drained.signal.aborted === true;
  }

  /**
   * Creates the worker, and registers all jobs that are not registered with the server yet. Throws
   * `SchemaConflictError` if a job is already registered with a different schema, `UsageError` if a
   * room is missing, and the errors of `JoblibClient.call`.
   */
  async ready(): Promise<void> {
    await this.#session.ready();
  }

  /**
   * Adds a provider, whose class answers requests for data (reads) with data from `source`. Like
   * `register`, the method does not call the server; `ready`, `listen` and `run` register the
   * provider and start to answer its reads. Throws `UsageError` for an invalid class, name or room.
   *
   * @example const frames = jobs.provide(Frame, trajectory); await jobs.run();
   */
  provide<Source>(
    Class: ProviderClass<Source>,
    source: Source,
    options: ProvideOptions = {},
  ): ServedProvider {
    const entry = this.#providers.add(Class, source, options);
    return { invalidate: (params) => this.#readServer.invalidate(entry, params) };
  }

  /**
   * Submits a task by job name, and returns the task as soon as it is stored. The types of payload
   * and result are those in `Jobs`. Local files in the payload are uploaded first. Throws
   * `UsageError` if the room is unknown, and errors of `JoblibClient.call` such as
   * `JobNotFoundError`.
   */
  submit<Name extends JobNameOf<Jobs>>(
    jobName: Name,
    ...rest: NamedSubmission<Jobs[Name]["payload"], SubmitOptions>
  ): Promise<TaskOf<Jobs[Name]["result"]>>;
  /** Submits an instance of an extension. Throws the same errors as a submit by job name. */
  submit(extension: ExtensionInstance, options?: SubmitOptions): Promise<SubmittedTask>;
  /**
   * Submits instances in order. Up to 1,000 tasks and 1 MB are sent in one atomic request; larger
   * arrays are sent in several requests.
   */
  submit(extensions: readonly ExtensionInstance[], options?: SubmitOptions): Promise<SubmittedTask[]>;
  async submit(
    target: string | ExtensionInstance | readonly ExtensionInstance[],
    second: object = {},
    third: SubmitOptions = {},
  ): Promise<SubmittedTask | SubmittedTask[]> {
    if (typeof target === "string") {
      const destination = getDestinationByName(target, third, this.room);
      return this.#submitOne({ destination, payload: second }, third);
    }
    if ("run" in target) return this.#submitOne(this.#address(target, second), second);
    const payloads = target.map((extension) => this.#address(extension, second));
    const uploaded = payloads.some(needsUpload)
      ? await uploadPayloads(this.client, payloads, second)
      : payloads;
    const submissions = uploaded.map((payload) => toAddressedSubmission(payload, second));
    return submitMany(this.client, submissions, second);
  }

  async #submitOne(payload: AddressedPayload, options: SubmitOptions): Promise<SubmittedTask> {
    if (!needsUpload(payload)) {
      return this.#submitQueue.send(toAddressedSubmission(payload, options), options);
    }
    const [uploaded = payload] = await uploadPayloads(this.client, [payload], options);
    return this.#submitQueue.send(toAddressedSubmission(uploaded, options), options);
  }

  /**
   * Returns a stream that claims tasks, of which at most `concurrency` run at the same time. The
   * first call of `next` creates the worker and registers the jobs. Throws `UsageError` if the
   * manager is disposed.
   */
  listen(options: ListenOptions = {}): TaskStream<Context> {
    if (this.#disposing !== undefined) throw new UsageError("the job manager is disposed: create a new one");
    const stream = new TaskStream<Context>(this.#environment, options);
    this.#streams.add(stream);
    return stream;
  }

  /**
   * Claims and runs tasks until `signal` is aborted or the worker is drained. Then finishes the
   * current tasks and resolves. Does not reject if a task fails. Rejects with the errors of
   * `ready`, and with errors of claims that retries cannot fix.
   */
  async run(options: RunOptions<Context> = {}): Promise<void> {
    const { interrupt } = options;
    const stream = this.listen(options);
    const onInterrupt = () => void this.interrupt();
    if (interrupt?.aborted) onInterrupt();
    interrupt?.addEventListener("abort", onInterrupt, { once: true });
    try {
      await runStream(stream, options, this.#logger);
    } finally {
      interrupt?.removeEventListener("abort", onInterrupt);
    }
  }

  /**
   * Stops all streams and ends the current tasks without waiting for their `run`. Started tasks
   * fail with `reason` as the error (default: "interrupted: the worker was stopped"); tasks that
   * have not started are requeued.
   */
  async interrupt(reason?: string): Promise<void> {
    for (const stream of this.#streams) stream.stop();
    await Promise.all(this.#session.tasks.map((task) => task.interrupt(reason)));
  }

  /**
   * Stops all streams, waits until every running `run` has returned, and deregisters the worker.
   * Tasks that were started with `start` instead of `run` fail, and tasks that were not started are
   * requeued.
   */
  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #dispose(): Promise<void> {
    await Promise.all([...this.#streams].map((stream) => stream.return()));
    const reason = "the worker was disposed before the task finished";
    const { tasks } = this.#session;
    await Promise.all(tasks.map((task) => (task.isRunning ? task.settled : task.interrupt(reason))));
    await this.#readServer.stop();
    await this.#session.deregister();
  }

  #address(extension: ExtensionInstance, options: SubmitOptions): AddressedPayload {
    const entry = this.#registry.findByClass(extension.constructor);
    const destination = getDestination(extension, options, { ownRoom: this.room, entry });
    return { destination, payload: getPayload(extension) };
  }
}
