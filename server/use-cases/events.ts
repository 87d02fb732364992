import type { Event, Task } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import type { CompletedTask, InsertedGroup, TaskRecord } from "../records.ts";

/** The result of a use case, and the events to publish after its commit. */
export interface ResultWithEvents<Value> {
  readonly value: Value;
  readonly events: readonly Event[];
}

/**
 * Publishes the events of a result and returns its value. The response does not wait for the bus, and does
 * not fail if the bus does.
 */
export const publishEvents = <Value>(
  { bus }: Pick<Context, "bus">,
  { value, events }: ResultWithEvents<Value>,
): Value => {
  if (events.length > 0) void bus.publish(events);
  return value;
};

/** Creates the event of a changed task. It also wakes the waiting heartbeat of `workerId`, if given. */
export const createTaskChangedEvent = (
  { task }: { readonly task: Pick<Task, "id" | "room_id" | "status"> },
  workerId: string | null = null,
): Event => ({
  kind: "task-changed",
  taskId: task.id,
  roomId: task.room_id,
  workerId,
  status: task.status,
});

/** Creates the event of a task that its own worker completed. */
export const createTaskCompletedEvent = ({ id, roomId }: CompletedTask): Event => ({
  kind: "task-changed",
  taskId: id,
  roomId,
  workerId: null,
  status: "completed",
});

/**
 * Creates one event per job with the number of its due tasks, which wakes waiting claims. A count of 0
 * announces a task that will be due later.
 */
export const createWorkAvailableEvents = (records: readonly TaskRecord[]): Event[] =>
  createGroupedWorkEvents(records.map((first) => ({ first, ids: [first.task.id] })));

/** Like `createWorkAvailableEvents`, for groups of inserted tasks. */
export const createGroupedWorkEvents = (groups: readonly InsertedGroup[]): Event[] => {
  const counts = new Map<string, number>();
  for (const { first, ids } of groups) {
    const { jobId, task } = first;
    if (task.status !== "pending") continue;
    const isDue = Date.parse(task.run_at) <= Date.now();
    counts.set(jobId, (counts.get(jobId) ?? 0) + (isDue ? ids.length : 0));
  }
  return [...counts].map(([jobId, count]) => ({ kind: "work-available", jobId, count }));
};

/**
 * Creates the events of tasks that were changed by something other than their worker, for example requeued.
 * They notify the worker, and wake waiting claims for tasks that are pending again.
 */
export const createRequeueEvents = (
  records: readonly TaskRecord[],
  workerId: string | null = null,
): Event[] => [
  ...records.map((record) => createTaskChangedEvent(record, workerId ?? record.lastWorkerId)),
  ...createWorkAvailableEvents(records),
];

/** Creates the events of rooms in which the list of jobs, or the workers of a job, changed. */
export const createJobsChangedEvents = (rooms: readonly string[]): Event[] =>
  [...new Set(rooms)].map((roomId) => ({ kind: "jobs-changed", roomId }));
