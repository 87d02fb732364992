import * as z from "zod";
import type { Access } from "./access.ts";
import { LogPage } from "./log.ts";
import { API_PATH, RoomParams, TaskParams } from "./operation-parts.ts";
import type { ProblemId } from "./problem.ts";
import { Task } from "./task.ts";

/** One stream of server-sent events (WHATWG HTML, 9.2): a GET whose answer goes on. */
export interface StreamOperation {
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly params: z.ZodType;
  readonly headers: Readonly<Record<string, string>>;
  /** The schema of each event's data, by the event's name. */
  readonly events: Readonly<Record<string, z.ZodType>>;
  readonly problems: readonly ProblemId[];
}

const stream = <const S extends StreamOperation>(entry: S): S => entry;

const Nothing = z.object({});

const HEADERS = {
  "last-event-id": "the `id` of the last event that arrived: what came since is sent first",
  prefer:
    "`wait=N`: end after N seconds; 900 without it, for the credentials are looked at only when it begins",
};

/** The streams. Clients that are cut off, or whose stream has ended, come again with `Last-Event-ID`. */
export const streams = {
  followTask: stream({
    path: `${API_PATH}/tasks/:task_id/events`,
    summary: "A task as it changes, and its log as it grows",
    access: "task-read",
    params: TaskParams,
    headers: HEADERS,
    /** `task`: as it stands, at the beginning and after every change, of changes in a hurry the last. `log`: lines that followed. */
    events: { task: Task, log: LogPage },
    problems: ["task-not-found"],
  }),
  followRoom: stream({
    path: `${API_PATH}/rooms/:room_id/events`,
    summary: "What changes in a room",
    access: "room-read",
    params: RoomParams,
    headers: HEADERS,
    /**
     * `ready`: from here on nothing is missed, so read the lists now. `task`: one that changed or is new. `jobs`: the jobs or
     * the workers changed, read them again. `reset`: something was missed, read everything again.
     */
    events: { ready: Nothing, task: Task, jobs: Nothing, reset: Nothing },
    problems: ["invalid-room-id"],
  }),
} as const;

/** The streams, as a type. */
export type Streams = typeof streams;
/** A stream's name. */
export type StreamName = keyof Streams;

/** What a stream tells. */
export type StreamWord<Name extends StreamName> = {
  [Kind in keyof Streams[Name]["events"] & string]: {
    readonly event: Kind;
    readonly data: z.output<Extract<Streams[Name]["events"][Kind], z.ZodType>>;
  };
}[keyof Streams[Name]["events"] & string];

/** One event of a stream, as who listens gets it; its id says where to go on from. */
export type StreamEvent<Name extends StreamName> = StreamWord<Name> & { readonly id: string };
