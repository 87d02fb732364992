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

/** What a channel is about. */
type Topic = "task" | "job" | "worker" | "room";

const channelOf = (topic: Topic, id: string): string => `joblib:${topic}:${encodeURIComponent(id)}`;

/** Where the changes of one task are told. */
export const taskChannel = (taskId: string): string => channelOf("task", taskId);
/** Where it is told that a job has tasks to be claimed. */
export const jobChannel = (jobId: string): string => channelOf("job", jobId);
/** Where it is told that a worker may have lost a task, or is drained, so that its waiting heartbeat answers. */
export const workerChannel = (workerId: string): string => channelOf("worker", workerId);
/** Where it is told that a room's lists changed. */
export const roomChannel = (roomId: string): string => channelOf("room", roomId);

/** What a channel of one of these is about. */
export const topicOf = (channel: string): string | undefined => channel.split(":", 2)[1];

/** Every channel that an event is published to; those of topics that nobody hears may be left out. */
export const channelsOf = (event: Event, isHeard: (topic: Topic) => boolean = () => true): string[] => {
  switch (event.kind) {
    case "task-changed": {
      // The one event that every task has, and twice: most often nobody listens for it.
      const channels: string[] = [];
      if (isHeard("task")) channels.push(taskChannel(event.taskId));
      if (isHeard("room")) channels.push(roomChannel(event.roomId));
      if (event.workerId !== null && isHeard("worker")) channels.push(workerChannel(event.workerId));
      return channels;
    }
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
