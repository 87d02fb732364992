import type { HeartbeatResponse, NewWorker, WorkerDetails } from "../../../protocol/index.ts";
import type { CallOptions } from "../options.ts";
import { type RequestBody, type RequestQuery, Resource, type ResponseBody } from "./resource.ts";

/** Workers: `client.workers`. A `JobManager` creates its worker and sends its heartbeats itself. */
export class Workers extends Resource {
  /** Creates a worker. It is removed if its heartbeats stop. */
  create(worker: RequestBody<"createWorker"> = {}, options?: CallOptions): Promise<NewWorker> {
    return this.send("createWorker", { body: worker }, options);
  }

  /** Lists the caller's workers; for an admin, all workers. */
  list(query: RequestQuery<"listWorkers"> = {}, options?: CallOptions): Promise<ResponseBody<"listWorkers">> {
    return this.send("listWorkers", { query }, options);
  }

  /** Lists the workers that serve a room. */
  listInRoom(
    room: string,
    query: RequestQuery<"listRoomWorkers"> = {},
    options?: CallOptions,
  ): Promise<ResponseBody<"listRoomWorkers">> {
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

  /** Removes a worker: its running tasks fail or are retried, and its claimed tasks are requeued. */
  async remove(id: string, options?: CallOptions): Promise<void> {
    await this.send("removeWorker", { params: { worker_id: id } }, options);
  }

  /** Sends a heartbeat that lists the worker's tasks. The response lists the tasks that the worker must stop. */
  heartbeat(
    id: string,
    body: RequestBody<"heartbeat"> = {},
    options?: CallOptions,
  ): Promise<HeartbeatResponse> {
    return this.send("heartbeat", { params: { worker_id: id }, body }, options);
  }

  /** Claims up to `limit` tasks. With `wait`, waits up to that many seconds for the first one. */
  claim(
    id: string,
    request: RequestBody<"claimTasks">,
    options?: CallOptions,
  ): Promise<ResponseBody<"claimTasks">> {
    return this.send("claimTasks", { params: { worker_id: id }, body: request }, options);
  }

  /** Requeues claimed tasks that were not started. Returns the ids of the tasks that were requeued. */
  async release(id: string, taskIds: string[], options?: CallOptions): Promise<string[]> {
    const request = { params: { worker_id: id }, body: { tasks: taskIds } };
    return (await this.send("releaseTasks", request, options)).released;
  }
}
