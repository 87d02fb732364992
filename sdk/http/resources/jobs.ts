import type { FieldError, Job, JsonObject, TaskPage } from "../../../protocol/index.ts";
import type { CallOptions } from "../options.ts";
import { type RequestBody, type RequestQuery, Resource, type ResponseBody } from "./resource.ts";

/** Jobs: `client.jobs`. A job is visible in its room; a public job is visible in all rooms. */
export class Jobs extends Resource {
  /**
   * Registers a job in a room. Throws `SchemaConflictError` if the job is already registered there with a different
   * schema.
   */
  register(room: string, registration: RequestBody<"registerJob">, options?: CallOptions): Promise<Job> {
    return this.send("registerJob", { params: { room_id: room }, body: registration }, options);
  }

  /** Lists the jobs that are visible in a room: its own and the public ones. */
  list(
    room: string,
    query: RequestQuery<"listJobs"> = {},
    options?: CallOptions,
  ): Promise<ResponseBody<"listJobs">> {
    return this.send("listJobs", { params: { room_id: room }, query }, options);
  }

  /** Returns a job that is visible in a room. */
  get(room: string, name: string, options?: CallOptions): Promise<Job> {
    return this.send("readJob", { params: { room_id: room, job_name: name } }, options);
  }

  /** Lists a job's tasks in a room, newest first. */
  listTasks(
    room: string,
    name: string,
    query: RequestQuery<"listJobTasks"> = {},
    options?: CallOptions,
  ): Promise<TaskPage> {
    return this.send("listJobTasks", { params: { room_id: room, job_name: name }, query }, options);
  }

  /**
   * Validates a payload against the job's schema, as a submit does. Returns the errors; the list is empty if the
   * payload is valid.
   */
  async validate(
    room: string,
    name: string,
    payload: JsonObject,
    options?: CallOptions,
  ): Promise<FieldError[]> {
    const params = { room_id: room, job_name: name };
    return (await this.send("validatePayload", { params, body: { payload } }, options)).errors;
  }
}
