import * as z from "zod";
import { API_PATH, type Operation } from "./operation.ts";
import { RoomParams } from "./rooms.ts";
import { LogPage } from "./tasks/log.ts";
import { OutputAttempt, OutputEnd, OutputParts, OutputQuery } from "./tasks/output.ts";
import { Task, TaskParams } from "./tasks/task.ts";

/** A stream of server-sent events (WHATWG HTML, section 9.2). */
export interface StreamOperation extends Pick<Operation, "path" | "summary" | "access" | "problems"> {
  readonly params: z.ZodType;
  readonly query?: z.ZodType;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The schema of the data of each event, by the event's name. The description of the schema says
   * when the event is sent.
   */
  readonly events: Readonly<Record<string, z.ZodType>>;
}

const NoData = z.object({});

const HEADERS = {
  "last-event-id": "the `id` of the last received event; the stream continues after it",
  prefer:
    "`wait=N`: end the stream after N seconds, default 900. The limit exists because credentials are checked only when a stream starts.",
};

/**
 * The event streams. When a stream ends or is interrupted, the client reconnects and sends the id
 * of the last received event as `Last-Event-ID`.
 */
export const streams = {
  followTask: {
    path: `${API_PATH}/tasks/:task_id/events`,
    summary: "Follow a task and its log",
    access: "task-read",
    params: TaskParams,
    headers: HEADERS,
    events: {
      task: Task.describe(
        "the state of the task, sent at the start and after changes; changes in quick succession are combined",
      ),
      log: LogPage.describe("new log lines"),
    },
    problems: ["task-not-found"],
  },
  followOutput: {
    path: `${API_PATH}/tasks/:task_id/output/events`,
    summary: "Follow the output of a task until the task ends",
    access: "task-read",
    params: TaskParams,
    query: OutputQuery,
    headers: HEADERS,
    events: {
      attempt: OutputAttempt.describe(
        "the attempt whose parts follow, sent at the start and when a new attempt begins; the parts of earlier attempts are obsolete",
      ),
      parts: OutputParts.describe("stored parts, in order"),
      end: OutputEnd.describe("the task has ended, and all its parts were sent"),
    },
    problems: ["task-not-found"],
  },
  followRoom: {
    path: `${API_PATH}/rooms/:room_id/events`,
    summary: "Follow the changes in a room",
    access: "room-read",
    params: RoomParams,
    headers: HEADERS,
    events: {
      ready: NoData.describe(
        "the stream has started and will send later changes; read the room's current tasks, jobs and workers now",
      ),
      task: Task.describe("a new or changed task"),
      jobs: NoData.describe("jobs or workers have changed, so read them again"),
      reset: NoData.describe("changes were missed, so read everything again"),
    },
    problems: ["invalid-room-id"],
  },
} as const satisfies Record<string, StreamOperation>;

export type Streams = typeof streams;
export type StreamName = keyof Streams;

/** The event types of a stream, without ids. */
export type StreamMessage<Name extends StreamName> = {
  [Kind in keyof Streams[Name]["events"] & string]: {
    readonly event: Kind;
    readonly data: z.output<Extract<Streams[Name]["events"][Kind], z.ZodType>>;
  };
}[keyof Streams[Name]["events"] & string];

/** An event of a stream. Its id can be sent as `Last-Event-ID` to continue after the event. */
export type StreamEvent<Name extends StreamName> = StreamMessage<Name> & { readonly id: string };
