import { type Event, isTerminal, type Task } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import type { TaskRecord, WorkerRemoval } from "../records.ts";

/** Publishes events after a commit. The response neither waits for the bus nor fails if the bus fails. */
export function publish({ bus }: Pick<Context, "bus">, events: readonly Event[]): void {
  if (events.length > 0) void bus.publish(events);
}

/** Passes the row of an ended task to the requests of this process that wait for it, so that they do not have to read it. */
export function emitTaskEnd({ taskEnds }: Context, record: TaskRecord): void {
  if (isTerminal(record.task.status)) taskEnds.emit(record.task.id, record);
}

/** Creates the event of a changed task. It also wakes the waiting heartbeat of `workerId`, if given. */
export function createTaskChangedEvent(
  { task }: { readonly task: Pick<Task, "id" | "room_id" | "status"> },
  workerId: string | null = null,
): Event {
  return { kind: "task-changed", taskId: task.id, roomId: task.room_id, workerId, status: task.status };
}

/** A number of tasks with the same job, status and time as `record`. */
interface TaskCount {
  readonly record: TaskRecord;
  readonly count: number;
}

/** Creates one event per job, which wakes claims. Tasks that will be due later count as 0. */
export function createWorkAvailableEvents(tasks: readonly TaskCount[]): Event[] {
  const counts = new Map<string, number>();
  for (const { record, count } of tasks) {
    const { jobId, task } = record;
    if (task.status !== "pending") continue;
    const isDue = Date.parse(task.run_at) <= Date.now();
    counts.set(jobId, (counts.get(jobId) ?? 0) + (isDue ? count : 0));
  }
  return [...counts].map(([jobId, count]) => ({ kind: "work-available", jobId, count }));
}

/**
 * Creates the events of changed tasks that may be pending again. They notify the last worker of each task, and wake
 * waiting claims for the tasks that are pending.
 */
export function createRequeueEvents(records: readonly TaskRecord[], workerId: string | null = null): Event[] {
  return [
    ...records.map((record) => createTaskChangedEvent(record, workerId ?? record.lastWorkerId)),
    ...createWorkAvailableEvents(records.map((record) => ({ record, count: 1 }))),
  ];
}

/** Creates the events of rooms in which the list of jobs, or the workers of a job, changed. */
export function createJobsChangedEvents(rooms: readonly string[]): Event[] {
  return [...new Set(rooms)].map((roomId) => ({ kind: "jobs-changed", roomId }));
}

/**
 * Announces that a worker is gone, and the changes that its removal made; `removal` is undefined if it was already gone.
 * Wakes the waiting claims of the worker, so that they fail immediately instead of at their next poll.
 */
export function announceRemoval(
  context: Pick<Context, "bus" | "owners" | "waitingClaims" | "reads" | "meter">,
  workerId: string,
  removal: WorkerRemoval | undefined,
): void {
  context.owners.forget(workerId);
  context.waitingClaims.refresh(workerId);
  context.reads.releaseOfWorker(workerId);
  if (removal === undefined) return;
  context.meter.transitioned(removal.tasks, "lost");
  publish(context, [
    ...createRequeueEvents(removal.tasks, workerId),
    ...createJobsChangedEvents(removal.rooms),
  ]);
}
