import * as z from "zod";
import { API_PATH, operation } from "./operation.ts";
import { createPageSchema, PageQuery } from "./page.ts";

/** The room whose jobs are visible in every room. */
export const GLOBAL_ROOM = "@global";

const ROOM = /^[^@:/\s\u0000-\u001f]{1,128}$/u;

/**
 * Returns true for `@global` and for every valid room id. `public` and `private` are not valid,
 * because they are prefixes of job names.
 */
export function isRoomId(value: string): boolean {
  return value === GLOBAL_ROOM || (ROOM.test(value) && value !== "public" && value !== "private");
}

/** Describes valid room ids, for use in messages and in the API documentation. */
export const ROOM_ID_RULE =
  "`@global`, or 1–128 characters without `@`, `:`, `/` and white space; `public` and `private` are reserved";

/**
 * A room id in a path. The server validates it and returns `invalid-room-id` if it is malformed.
 */
export const RoomId = z
  .string()
  .min(1)
  .meta({
    description: ROOM_ID_RULE,
    examples: ["lab"],
  });

export const RoomParams = z.object({ room_id: RoomId });

/** A room in the list of rooms. Counts are at most 10,000. */
export const RoomSummary = z.object({
  room_id: z.string(),
  jobs: z.int().describe("number of jobs that are registered in the room"),
  workers: z.int().describe("number of online workers for the jobs that are registered in the room"),
  pending: z.int(),
  running: z.int().describe("number of claimed and running tasks"),
});
export type RoomSummary = z.infer<typeof RoomSummary>;

export const listRooms = operation({
  method: "GET",
  path: `${API_PATH}/rooms`,
  summary:
    "List the rooms that the caller can read, `@global` first; if the server does not know their names, only rooms that have jobs or tasks",
  access: "user",
  query: PageQuery,
  responses: { 200: createPageSchema(RoomSummary) },
  responseDescriptions: { 200: "A page of rooms." },
  problems: [],
});

export const roomOperations = { listRooms } as const;
