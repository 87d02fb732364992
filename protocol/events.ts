import type { TaskStatus } from "./task-status.ts";

/** Something changed; whoever listens reads again. */
export type Event =
  | {
      readonly kind: "task-changed";
      readonly taskId: string;
      readonly roomId: string;
      readonly workerId: string | null;
      /** How it stands since; whoever waits for its end need not look at every step. */
      readonly status?: TaskStatus | undefined;
    }
  | { readonly kind: "task-logged"; readonly taskId: string }
  | { readonly kind: "worker-drained"; readonly workerId: string }
  | { readonly kind: "work-available"; readonly jobId: string; readonly count: number }
  | { readonly kind: "jobs-changed"; readonly roomId: string };

/** Where the changes of one task are told. */
export const taskChannel = (taskId: string): string => `joblib:task:${encodeURIComponent(taskId)}`;
/** Where it is told that a job has tasks to be claimed. */
export const jobChannel = (jobId: string): string => `joblib:job:${encodeURIComponent(jobId)}`;
/** Where it is told that a worker may have lost a task, or is drained, so that its waiting heartbeat answers. */
export const workerChannel = (workerId: string): string => `joblib:worker:${encodeURIComponent(workerId)}`;
/** Where it is told that a room's lists changed. */
export const roomChannel = (roomId: string): string => `joblib:room:${encodeURIComponent(roomId)}`;

/** Every channel that an event is published to. */
export const channelsOf = (event: Event): string[] => {
  switch (event.kind) {
    case "task-changed":
      return event.workerId === null
        ? [taskChannel(event.taskId), roomChannel(event.roomId)]
        : [taskChannel(event.taskId), roomChannel(event.roomId), workerChannel(event.workerId)];
    case "task-logged":
      return [taskChannel(event.taskId)];
    case "worker-drained":
      return [workerChannel(event.workerId)];
    case "work-available":
      return [jobChannel(event.jobId)];
    case "jobs-changed":
      return [roomChannel(event.roomId)];
  }
};
