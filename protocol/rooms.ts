import * as z from "zod";

/** The room whose jobs are visible in every room. */
export const GLOBAL_ROOM = "@global";

const ROOM = /^[^@:/\s\u0000-\u001f]{1,128}$/u;

/** Returns true for `@global` and every valid room id; `public` and `private` are reserved as prefixes of job names. */
export const isRoomId = (value: string): boolean =>
  value === GLOBAL_ROOM || (ROOM.test(value) && value !== "public" && value !== "private");

/** A room's id in a path. The server validates it and returns `invalid-room-id`. */
export const RoomId = z
  .string()
  .min(1)
  .meta({
    description: "`@global`, or 1–128 characters without `@`, `:`, `/` and white space",
    examples: ["lab"],
  });
