import type {
  Adoption,
  Attempt,
  BulkOutcome,
  CallerInfo,
  Diagnosis,
  FieldError,
  Health,
  HeartbeatResponse,
  Invitation,
  Job,
  JsonObject,
  LateResult,
  LogPage,
  NewInvitation,
  NewWorker,
  OutputEnd,
  OutputPage,
  Page,
  RoomSummary,
  Stats,
  StreamEvent,
  SubmittedTask,
  Task,
  TaskPage,
  Worker,
  WorkerDetails,
} from "../../protocol/index.ts";
import { ProtocolError } from "../errors.ts";
import type { CallOptions, FollowOptions, OutputOptions, ReceivedPart } from "./options.ts";
import { type Body, type Query, Resource, type ResponseBody } from "./resource.ts";

export class Tasks extends Resource {
  /**
   * Submits a task to run a job, and returns the task as soon as it is stored. Retries of the
   * request do not create a second task.
   */
  submit(
    room: string,
    job: string,
    body: Body<"submitTask"> = {},
    options?: CallOptions,
  ): Promise<SubmittedTask> {
    const params = { room_id: room, job_name: job };
    return this.send("submitTask", { params, body }, options);
  }

  /** Submits up to 1,000 tasks atomically: all or none. */
  async submitMany(
    room: string,
    tasks: Body<"submitTasks">["tasks"],
    options?: CallOptions,
  ): Promise<SubmittedTask[]> {
    return (await this.send("submitTasks", { params: { room_id: room }, body: { tasks } }, options)).tasks;
  }

  /** Lists a room's tasks, newest first. */
  list(room: string, query: Query<"listRoomTasks"> = {}, options?: CallOptions): Promise<TaskPage> {
    return this.send("listRoomTasks", { params: { room_id: room }, query }, options);
  }

  /** Returns a task. With `wait`, waits up to `wait` seconds for the end of the task. */
  async get(id: string, options?: Omit<CallOptions, "ifNoneMatch">): Promise<Task> {
    const task = await this.send("readTask", { params: { task_id: id } }, options);
    if (task === null) throw new ProtocolError("the server returned 304 for a request without an ETag", 304);
    return task;
  }

  /** Changes a task's status, or reports its progress or log lines, as a worker does. */
  update(id: string, body: Body<"updateTask">, options?: CallOptions): Promise<Task> {
    return this.send("updateTask", { params: { task_id: id }, body }, options);
  }

  /** Cancels a task. If the task is running, the server notifies its worker. */
  cancel(id: string, options?: CallOptions): Promise<Task> {
    return this.update(id, { status: "cancelled" }, options);
  }

  /** Retries a failed or cancelled task: it becomes pending again, at the end of the queue. */
  retry(id: string, options?: CallOptions): Promise<Task> {
    return this.send("retryTask", { params: { task_id: id } }, options);
  }

  /** Cancels a room's tasks that match a filter. */
  cancelAll(room: string, body: Body<"cancelTasks">, options?: CallOptions): Promise<BulkOutcome> {
    return this.send("cancelTasks", { params: { room_id: room }, body }, options);
  }

  /** Retries a room's failed and cancelled tasks that match a filter. */
  retryAll(room: string, body: Body<"retryTasks">, options?: CallOptions): Promise<BulkOutcome> {
    return this.send("retryTasks", { params: { room_id: room }, body }, options);
  }

  /** Explains why a task is not running. */
  diagnose(id: string, options?: CallOptions): Promise<Diagnosis> {
    return this.send("diagnoseTask", { params: { task_id: id } }, options);
  }

  /** Lists a task's attempts, oldest first. */
  async listAttempts(id: string, options?: CallOptions): Promise<Attempt[]> {
    return (await this.send("listAttempts", { params: { task_id: id } }, options)).items;
  }

  /**
   * Returns a page of a task's log. To read the next page, pass `after` of the response as `after`.
   */
  readLogs(id: string, query: Query<"readTaskLogs"> = {}, options?: CallOptions): Promise<LogPage> {
    return this.send("readTaskLogs", { params: { task_id: id }, query }, options);
  }

  /**
   * Yields the parts of a task's output as they arrive, until the task ends. For a task that has
   * already ended, yields the stored parts. Reconnects after an interruption without losing parts.
   * When the task is retried, its output begins again; `onAttempt` reports this. The generator
   * returns the status of the task. Throws the same errors as `JoblibClient.follow`.
   *
   * @example for await (const { value } of client.tasks.output(task))
   *   process.stdout.write(String(value));
   */
  async *output(
    task: string | Pick<Task, "id">,
    { from, signal, onAttempt }: OutputOptions = {},
  ): AsyncGenerator<ReceivedPart, OutputEnd | undefined, undefined> {
    const params = { task_id: typeof task === "string" ? task : task.id };
    const options = { signal, ...(from !== undefined && { query: { from: String(from) } }) };
    for await (const { event, data } of this.client.follow("followOutput", params, options)) {
      if (event === "attempt") onAttempt?.(data.attempt);
      else if (event === "end") return data;
      else {
        const { attempt, number, parts } = data;
        for (const [index, value] of parts.entries()) yield { attempt, number: number + index, value };
      }
    }
    return undefined;
  }

  /**
   * Returns a page of a task's output. To read the next page, pass `next` of the response as
   * `from`.
   */
  readOutput(id: string, query: Query<"readTaskOutput"> = {}, options?: CallOptions): Promise<OutputPage> {
    return this.send("readTaskOutput", { params: { task_id: id }, query }, options);
  }

  /** Lists a task's late results, newest first. */
  async listLateResults(id: string, options?: CallOptions): Promise<LateResult[]> {
    return (await this.send("listLateResults", { params: { task_id: id } }, options)).items;
  }

  /**
   * Completes a task with the late result of `attempt`, or with the newest late result if `attempt`
   * is missing.
   */
  adopt(id: string, body: Adoption = {}, options?: CallOptions): Promise<Task> {
    return this.send("adoptLateResult", { params: { task_id: id }, body }, options);
  }

  /**
   * Yields a task at the start and after changes, and its new log lines. See `JoblibClient.follow`.
   */
  follow(id: string, options?: FollowOptions): AsyncGenerator<StreamEvent<"followTask">, void, undefined> {
    return this.client.follow("followTask", { task_id: id }, options);
  }
}

/** Jobs: `client.jobs`. A job is visible in its room; a public job is visible in all rooms. */
export class Jobs extends Resource {
  /**
   * Registers a job in a room. Throws `SchemaConflictError` if the job is already registered in the
   * room with a different schema.
   */
  register(room: string, body: Body<"registerJob">, options?: CallOptions): Promise<Job> {
    return this.send("registerJob", { params: { room_id: room }, body }, options);
  }

  /** Lists the jobs that are visible in a room: its own and the public ones. */
  list(room: string, query: Query<"listJobs"> = {}, options?: CallOptions): Promise<Page<Job>> {
    return this.send("listJobs", { params: { room_id: room }, query }, options);
  }

  /** Returns a job that is visible in a room. */
  get(room: string, job: string, options?: CallOptions): Promise<Job> {
    return this.send("readJob", { params: { room_id: room, job_name: job } }, options);
  }

  /** Lists a job's tasks in a room, newest first. */
  listTasks(
    room: string,
    job: string,
    query: Query<"listJobTasks"> = {},
    options?: CallOptions,
  ): Promise<TaskPage> {
    return this.send("listJobTasks", { params: { room_id: room, job_name: job }, query }, options);
  }

  /**
   * Validates a payload in the same way as a submit, but creates no task. Returns the errors; the
   * list is empty if the payload is valid.
   */
  async validate(
    room: string,
    job: string,
    payload: JsonObject,
    options?: CallOptions,
  ): Promise<FieldError[]> {
    const params = { room_id: room, job_name: job };
    return (await this.send("validatePayload", { params, body: { payload } }, options)).errors;
  }
}

/**
 * Workers: `client.workers`. A `JobManager` uses these operations itself; other code rarely needs
 * them.
 */
export class Workers extends Resource {
  /** Creates a worker. The server removes the worker if its heartbeats stop. */
  create(body: Body<"createWorker"> = {}, options?: CallOptions): Promise<NewWorker> {
    return this.send("createWorker", { body }, options);
  }

  /** Lists the caller's workers; for an admin, all workers. */
  list(query: Query<"listWorkers"> = {}, options?: CallOptions): Promise<Page<Worker>> {
    return this.send("listWorkers", { query }, options);
  }

  /** Lists the workers for the jobs that are visible in a room. */
  listInRoom(
    room: string,
    query: Query<"listRoomWorkers"> = {},
    options?: CallOptions,
  ): Promise<Page<Worker>> {
    return this.send("listRoomWorkers", { params: { room_id: room }, query }, options);
  }

  /** Returns a worker with its jobs and its tasks. */
  get(id: string, options?: CallOptions): Promise<WorkerDetails> {
    return this.send("readWorker", { params: { worker_id: id } }, options);
  }

  /** Drains a worker: it finishes its tasks and then stops. */
  drain(id: string, options?: CallOptions): Promise<WorkerDetails> {
    return this.send("drainWorker", { params: { worker_id: id } }, options);
  }

  /**
   * Removes a worker: its running tasks fail or are retried, and its claimed tasks are requeued.
   */
  async remove(id: string, options?: CallOptions): Promise<void> {
    await this.send("removeWorker", { params: { worker_id: id } }, options);
  }

  /**
   * Sends a heartbeat that lists the worker's tasks. The response lists the tasks that the worker
   * must stop.
   */
  heartbeat(id: string, body: Body<"heartbeat"> = {}, options?: CallOptions): Promise<HeartbeatResponse> {
    return this.send("heartbeat", { params: { worker_id: id }, body }, options);
  }

  /** Claims up to `limit` tasks. If there are none, waits up to `wait` seconds for a task. */
  claim(id: string, body: Body<"claimTasks">, options?: CallOptions): Promise<ResponseBody<"claimTasks">> {
    return this.send("claimTasks", { params: { worker_id: id }, body }, options);
  }

  /**
   * Requeues claimed tasks that were not started. Returns the ids of the tasks that were requeued.
   */
  async release(id: string, taskIds: string[], options?: CallOptions): Promise<string[]> {
    const request = { params: { worker_id: id }, body: { tasks: taskIds } };
    return (await this.send("releaseTasks", request, options)).released;
  }
}

export class Rooms extends Resource {
  /** Lists the rooms with jobs or tasks that the caller may read, `@global` first. */
  list(query: Query<"listRooms"> = {}, options?: CallOptions): Promise<Page<RoomSummary>> {
    return this.send("listRooms", { query }, options);
  }

  /**
   * Returns the stats of a room: the state of its jobs, and figures about the tasks that ended in
   * the last hours.
   */
  stats(room: string, query: Query<"readRoomStats"> = {}, options?: CallOptions): Promise<Stats> {
    return this.send("readRoomStats", { params: { room_id: room }, query }, options);
  }

  /** Yields the changes in a room. See `JoblibClient.follow`. */
  follow(room: string, options?: FollowOptions): AsyncGenerator<StreamEvent<"followRoom">, void, undefined> {
    return this.client.follow("followRoom", { room_id: room }, options);
  }
}

export class Invitations extends Resource {
  /** Creates a short-lived token for one room, optionally limited to some jobs. */
  create(room: string, body: Body<"createInvitation"> = {}, options?: CallOptions): Promise<NewInvitation> {
    return this.send("createInvitation", { params: { room_id: room }, body }, options);
  }

  /** Lists a room's invitations, without their tokens. */
  list(room: string, query: Query<"listInvitations"> = {}, options?: CallOptions): Promise<Page<Invitation>> {
    return this.send("listInvitations", { params: { room_id: room }, query }, options);
  }

  /** Revokes an invitation: its token becomes invalid and its workers are removed. */
  revoke(id: string, options?: CallOptions): Promise<Invitation> {
    return this.send("revokeInvitation", { params: { invitation_id: id } }, options);
  }
}

export class Server extends Resource {
  /** Returns the caller's identity, and its permissions in a room. */
  caller(query: Query<"readCaller"> = {}, options?: CallOptions): Promise<CallerInfo> {
    return this.send("readCaller", { query }, options);
  }

  /** Returns the state of the server's components. */
  health(options?: CallOptions): Promise<Health> {
    return this.send("readHealth", {}, options);
  }

  /** Returns the stats of all rooms. */
  stats(query: Query<"readStats"> = {}, options?: CallOptions): Promise<Stats> {
    return this.send("readStats", { query }, options);
  }

  /** Lists the problems that the API returns. */
  async listProblems(options?: CallOptions): Promise<ResponseBody<"listProblems">["items"]> {
    return (await this.send("listProblems", {}, options)).items;
  }
}
