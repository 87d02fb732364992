import type { TaskStatus } from "./tasks/status.ts";

/** A notification of a change. It does not contain the changed state; listeners read it from the database. */
export type Event =
  | {
      readonly kind: "task-changed";
      readonly taskId: string;
      readonly roomId: string;
      readonly workerId: string | null;
      /** The new status. A reader that waits for the end of the task ignores events with other statuses. */
      readonly status?: TaskStatus | undefined;
    }
  | { readonly kind: "task-logged"; readonly taskId: string }
  | { readonly kind: "worker-drained"; readonly workerId: string }
  | { readonly kind: "work-available"; readonly jobId: string; readonly count: number }
  | { readonly kind: "jobs-changed"; readonly roomId: string };

/** Formats the name of a channel. The topic is the kind of object whose changes the channel announces. */
function formatChannel(topic: "task" | "job" | "worker" | "room", id: string): string {
  return `joblib:${topic}:${encodeURIComponent(id)}`;
}

export const getTaskChannel = (taskId: string): string => formatChannel("task", taskId);
/** Returns the channel that announces claimable tasks of a job. */
export const getJobChannel = (jobId: string): string => formatChannel("job", jobId);
/**
 * Returns the channel that wakes a worker's heartbeat when one of its tasks is lost or cancelled, or when it
 * is drained.
 */
export const getWorkerChannel = (workerId: string): string => formatChannel("worker", workerId);
/** Returns the channel of changes in a room's lists. */
export const getRoomChannel = (roomId: string): string => formatChannel("room", roomId);

/** Returns the channels of an event. */
export function getChannels(event: Event): string[] {
  switch (event.kind) {
    case "task-changed": {
      const channels = [getTaskChannel(event.taskId), getRoomChannel(event.roomId)];
      return event.workerId === null ? channels : [...channels, getWorkerChannel(event.workerId)];
    }
    case "task-logged":
      return [getTaskChannel(event.taskId)];
    case "worker-drained":
      return [getWorkerChannel(event.workerId)];
    case "work-available":
      return [getJobChannel(event.jobId)];
    case "jobs-changed":
      return [getRoomChannel(event.roomId)];
  }
}
