import type { Event, Task } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import type { InsertedGroup, TaskRecord } from "../storage/storage.ts";
import type { CompletedTask } from "../storage/task-completions.ts";

/** What a use-case came to, and what is to be told once it is committed. */
export interface ResultWithEvents<Value> {
  readonly value: Value;
  readonly events: readonly Event[];
}

/** Tells what happened; the answer does not wait for a bus, and a bus that is down is not its fault. */
export const publishEvents = <Value>(
  { bus }: Pick<Context, "bus">,
  { value, events }: ResultWithEvents<Value>,
): Value => {
  if (events.length > 0) void bus.publish(events);
  return value;
};

/** A task is not as it was; `workerId` where that worker has to be told too. */
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

/** The same of a completion by the task's own worker. */
export const createTaskCompletedEvent = ({ id, roomId }: CompletedTask): Event => ({
  kind: "task-changed",
  taskId: id,
  roomId,
  workerId: null,
  status: "completed",
});

/** Who waits for tasks of these jobs: woken as many as are due. A count of 0 tells that a task falls due later. */
export const createWorkAvailableEvents = (records: readonly TaskRecord[]): Event[] =>
  createGroupedWorkEvents(records.map((first) => ({ first, ids: [first.task.id] })));

/** The same for tasks that came in groups. */
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

/** Tasks that changed without their worker's doing: it is told, and so is who waits for those that are pending again. */
export const createRequeueEvents = (
  records: readonly TaskRecord[],
  workerId: string | null = null,
): Event[] => [
  ...records.map((record) => createTaskChangedEvent(record, workerId ?? record.lastWorkerId)),
  ...createWorkAvailableEvents(records),
];

/** Rooms whose lists of jobs, or of these jobs' workers, are no longer the same. */
export const createJobsChangedEvents = (rooms: readonly string[]): Event[] =>
  [...new Set(rooms)].map((roomId) => ({ kind: "jobs-changed", roomId }));
