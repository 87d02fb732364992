import type {
  Adoption,
  Attempt,
  BulkOutcome,
  Diagnosis,
  LateResult,
  LogPage,
  OutputEnd,
  OutputPage,
  StreamEvent,
  SubmittedTask,
  Task,
  TaskPage,
} from "../../../protocol/index.ts";
import { ProtocolError } from "../../errors.ts";
import type { CallOptions, FollowOptions, OutputOptions, ReceivedPart } from "../options.ts";
import { type RequestBody, type RequestQuery, Resource } from "./resource.ts";

/** Tasks: `client.tasks`. */
export class Tasks extends Resource {
  /** Submits a task to run a job, and returns it as soon as it is stored. A retry creates no second task. */
  submit(
    room: string,
    jobName: string,
    submission: RequestBody<"submitTask"> = {},
    options?: CallOptions,
  ): Promise<SubmittedTask> {
    const params = { room_id: room, job_name: jobName };
    return this.send("submitTask", { params, body: submission }, options);
  }

  /** Submits up to 1,000 tasks atomically: all or none. */
  async submitMany(
    room: string,
    tasks: RequestBody<"submitTasks">["tasks"],
    options?: CallOptions,
  ): Promise<SubmittedTask[]> {
    return (await this.send("submitTasks", { params: { room_id: room }, body: { tasks } }, options)).tasks;
  }

  /** Lists a room's tasks, newest first. */
  list(room: string, query: RequestQuery<"listRoomTasks"> = {}, options?: CallOptions): Promise<TaskPage> {
    return this.send("listRoomTasks", { params: { room_id: room }, query }, options);
  }

  /** Returns a task. With `wait`, waits up to that many seconds for the end of the task. */
  async get(id: string, options?: Omit<CallOptions, "ifNoneMatch">): Promise<Task> {
    const task = await this.send("readTask", { params: { task_id: id } }, options);
    if (task === null) throw new ProtocolError("the server returned 304 for a request without an ETag", 304);
    return task;
  }

  /** Changes a task's status, or reports its progress or log lines, as a worker does. */
  update(id: string, update: RequestBody<"updateTask">, options?: CallOptions): Promise<Task> {
    return this.send("updateTask", { params: { task_id: id }, body: update }, options);
  }

  /** Cancels a task. If it is running, its worker is notified. */
  cancel(id: string, options?: CallOptions): Promise<Task> {
    return this.update(id, { status: "cancelled" }, options);
  }

  /** Retries a failed or cancelled task: it becomes pending again, at the end of the queue. */
  retry(id: string, options?: CallOptions): Promise<Task> {
    return this.send("retryTask", { params: { task_id: id } }, options);
  }

  /** Cancels a room's tasks that match a filter. */
  cancelAll(room: string, filter: RequestBody<"cancelTasks">, options?: CallOptions): Promise<BulkOutcome> {
    return this.send("cancelTasks", { params: { room_id: room }, body: filter }, options);
  }

  /** Retries a room's failed and cancelled tasks that match a filter. */
  retryAll(room: string, filter: RequestBody<"retryTasks">, options?: CallOptions): Promise<BulkOutcome> {
    return this.send("retryTasks", { params: { room_id: room }, body: filter }, options);
  }

  /** Explains why a task is not running. */
  diagnose(id: string, options?: CallOptions): Promise<Diagnosis> {
    return this.send("diagnoseTask", { params: { task_id: id } }, options);
  }

  /** Lists a task's attempts, oldest first. */
  async listAttempts(id: string, options?: CallOptions): Promise<Attempt[]> {
    return (await this.send("listAttempts", { params: { task_id: id } }, options)).items;
  }

  /** Returns a part of a task's log. `after` in the response is the `after` of the next request. */
  readLogs(id: string, query: RequestQuery<"readTaskLogs"> = {}, options?: CallOptions): Promise<LogPage> {
    return this.send("readTaskLogs", { params: { task_id: id }, query }, options);
  }

  /**
   * Yields the parts of a task's output as they arrive, until the task ends; also after it has ended. Reconnects after an
   * interruption without losing parts. A retried task starts its output again: see `onAttempt`. The generator returns the
   * status of the task. Throws the same errors as `JoblibClient.follow`.
   *
   * @example
   * for await (const { value } of client.tasks.output(task)) process.stdout.write(String(value));
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
      else
        for (const [index, value] of data.parts.entries())
          yield { attempt: data.attempt, number: data.number + index, value };
    }
    return undefined;
  }

  /** Returns a page of a task's output. `next` in the response is the `from` of the next request. */
  readOutput(
    id: string,
    query: RequestQuery<"readTaskOutput"> = {},
    options?: CallOptions,
  ): Promise<OutputPage> {
    return this.send("readTaskOutput", { params: { task_id: id }, query }, options);
  }

  /** Lists a task's late results, newest first. */
  async listLateResults(id: string, options?: CallOptions): Promise<LateResult[]> {
    return (await this.send("listLateResults", { params: { task_id: id } }, options)).items;
  }

  /** Completes a task with a late result: the newest, or the one of an attempt. */
  adopt(id: string, adoption: Adoption = {}, options?: CallOptions): Promise<Task> {
    return this.send("adoptLateResult", { params: { task_id: id }, body: adoption }, options);
  }

  /** Yields a task at the start and after changes, and its new log lines. See `JoblibClient.follow`. */
  follow(id: string, options?: FollowOptions): AsyncGenerator<StreamEvent<"followTask">, void, undefined> {
    return this.client.follow("followTask", { task_id: id }, options);
  }
}
