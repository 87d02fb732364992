import * as z from "zod";

/** The room whose jobs are visible in every room. */
export const GLOBAL_ROOM = "@global";

const ROOM = /^[^@:/\s\u0000-\u001f]{1,128}$/u;

/**
 * Returns true for `@global` and for every valid room id. `public` and `private` are not valid, because they
 * are prefixes of job names.
 */
export const isRoomId = (value: string): boolean =>
  value === GLOBAL_ROOM || (ROOM.test(value) && value !== "public" && value !== "private");

/** A room id in a path. The server validates it and returns `invalid-room-id` if it is malformed. */
export const RoomId = z
  .string()
  .min(1)
  .meta({
    description: "`@global`, or 1–128 characters without `@`, `:`, `/` and white space",
    examples: ["lab"],
  });
