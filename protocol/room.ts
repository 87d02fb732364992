import * as z from "zod";

/** The room that everybody sees. */
export const GLOBAL_ROOM = "@global";

const ROOM = /^[^@:/\s\u0000-\u001f]{1,128}$/u;

/** True for `@global` and for every well-formed name that is not one of the two prefixes of a job name. */
export const isRoomId = (value: string): boolean =>
  value === GLOBAL_ROOM || (ROOM.test(value) && value !== "public" && value !== "private");

/** A room's name in a path. Its syntax is checked by the server, which answers `invalid-room-id`. */
export const RoomId = z
  .string()
  .min(1)
  .meta({
    description: "`@global`, or 1–128 characters without `@`, `:`, `/` and white space",
    examples: ["lab"],
  });
