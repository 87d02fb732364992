import type { TaskStatus } from "./tasks/status.ts";

/**
 * A notification of a change. It does not contain the changed state; listeners read the state from
 * the database.
 */
export type Event =
  | {
      readonly kind: "task-changed";
      readonly taskId: string;
      readonly roomId: string;
      readonly workerId: string | null;
      /**
       * The new status. A long poll that waits for the end of the task ignores events whose status
       * is not terminal.
       */
      readonly status?: TaskStatus | undefined;
    }
  | { readonly kind: "task-logged"; readonly taskId: string }
  /** The worker of a task has added parts to the task's output. */
  | { readonly kind: "task-output"; readonly taskId: string }
  | { readonly kind: "worker-drained"; readonly workerId: string }
  | { readonly kind: "work-available"; readonly jobId: string; readonly count: number }
  | { readonly kind: "jobs-changed"; readonly roomId: string }
  /**
   * A read, which is a request to a provider, waits for a worker. The server repeats the event
   * until a worker claims the read.
   */
  | { readonly kind: "read-offered"; readonly providerId: string; readonly readId: string }
  /**
   * A worker has registered for the provider. Servers then offer the provider's claimed reads
   * again, because the new worker may replace a crashed one.
   */
  | { readonly kind: "provider-changed"; readonly providerId: string }
  /**
   * Cached answers are outdated: the answer with this key or, without a key, all answers of the
   * provider.
   */
  | { readonly kind: "answers-invalidated"; readonly providerId: string; readonly key?: string | undefined }
  /**
   * A message from one server to another about a read. It may contain a piece of the answer (ADR
   * 33).
   */
  | { readonly kind: "read-message"; readonly serverId: string; readonly message: string };

/** The kind of object whose changes a channel announces. */
type Topic = "task" | "output" | "job" | "worker" | "room" | "provider" | "server";

function formatChannel(topic: Topic, id: string): string {
  return `joblib:${topic}:${encodeURIComponent(id)}`;
}

export const getTaskChannel = (taskId: string): string => formatChannel("task", taskId);
/**
 * Returns the channel that announces new parts of a task's output. It is separate from the channel
 * of the task, because a task may write many parts, and most listeners of the task do not read
 * them.
 */
export const getOutputChannel = (taskId: string): string => formatChannel("output", taskId);
/** Returns the channel that announces claimable tasks of a job. */
export const getJobChannel = (jobId: string): string => formatChannel("job", jobId);
/**
 * Returns the channel that announces to a worker's heartbeat that one of its tasks was lost or
 * cancelled, or that the worker is drained.
 */
export const getWorkerChannel = (workerId: string): string => formatChannel("worker", workerId);
/** Returns the channel that announces changes of a room's tasks, jobs and workers. */
export const getRoomChannel = (roomId: string): string => formatChannel("room", roomId);

/** Returns the channel that announces waiting reads of a provider and outdated answers. */
export const getProviderChannel = (providerId: string): string => formatChannel("provider", providerId);
/** Returns the channel of messages to one server. */
export const getServerChannel = (serverId: string): string => formatChannel("server", serverId);

/** Returns the topic of a channel. */
export function getTopic(channel: string): string | undefined {
  return channel.split(":", 2)[1];
}

/**
 * Returns the channels on which an event is published. The channels of `task-changed` and
 * `task-output` are omitted if `hasListeners` returns false for their topic.
 */
export function getChannels(event: Event, hasListeners: (topic: Topic) => boolean = () => true): string[] {
  switch (event.kind) {
    case "task-changed": {
      // Every change of a task's status publishes an event. Most of these events have no listener
      // and need not be published.
      const channels: string[] = [];
      if (hasListeners("task")) channels.push(getTaskChannel(event.taskId));
      if (hasListeners("room")) channels.push(getRoomChannel(event.roomId));
      if (event.workerId !== null && hasListeners("worker")) channels.push(getWorkerChannel(event.workerId));
      return channels;
    }
    case "task-logged":
      return [getTaskChannel(event.taskId)];
    case "task-output":
      return hasListeners("output") ? [getOutputChannel(event.taskId)] : [];
    case "worker-drained":
      return [getWorkerChannel(event.workerId)];
    case "work-available":
      return [getJobChannel(event.jobId)];
    case "jobs-changed":
      return [getRoomChannel(event.roomId)];
    case "read-offered":
    case "provider-changed":
    case "answers-invalidated":
      return [getProviderChannel(event.providerId)];
    case "read-message":
      return [getServerChannel(event.serverId)];
  }
}
