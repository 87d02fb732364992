import { type Event, isTerminal, type Task } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import type { InsertedGroup, TaskRecord, WorkerRemoval } from "../records.ts";

/** Publishes events after a commit. The response neither waits for the bus nor fails if the bus fails. */
export function publish({ bus }: Pick<Context, "bus">, events: readonly Event[]): void {
  if (events.length > 0) void bus.publish(events);
}

/**
 * Passes the row of a task that has ended to the requests of this process that wait for its end, so that they do
 * not have to read it. Other processes get the event and read the row.
 */
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

/** Creates one event per job, which wakes claims. Tasks that will be due later count as 0. */
export function createWorkAvailableEvents(groups: readonly InsertedGroup[]): Event[] {
  const counts = new Map<string, number>();
  for (const { first, ids } of groups) {
    const { jobId, task } = first;
    if (task.status !== "pending") continue;
    const isDue = Date.parse(task.run_at) <= Date.now();
    counts.set(jobId, (counts.get(jobId) ?? 0) + (isDue ? ids.length : 0));
  }
  return [...counts].map(([jobId, count]) => ({ kind: "work-available", jobId, count }));
}

/** Returns each task as a separate group. */
export function toGroups(records: readonly TaskRecord[]): InsertedGroup[] {
  return records.map((first) => ({ first, ids: [first.task.id] }));
}

/**
 * Creates the events of changed tasks that may be pending again, for example because they were requeued or
 * retried. The events notify the last worker of each task, and wake waiting claims for the tasks that are
 * pending.
 */
export function createRequeueEvents(records: readonly TaskRecord[], workerId: string | null = null): Event[] {
  return [
    ...records.map((record) => createTaskChangedEvent(record, workerId ?? record.lastWorkerId)),
    ...createWorkAvailableEvents(toGroups(records)),
  ];
}

/** Creates the events of rooms in which the list of jobs, or the workers of a job, changed. */
export function createJobsChangedEvents(rooms: readonly string[]): Event[] {
  return [...new Set(rooms)].map((roomId) => ({ kind: "jobs-changed", roomId }));
}

/**
 * Announces that a worker is gone, and the changes that its removal made. `removal` is undefined if the
 * worker was already gone. Wakes the waiting claims of the worker, so that they fail immediately instead of
 * at their next poll.
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
