import * as z from "zod";
import { isRoomId } from "../protocol/room.ts";

/** A room's name as it is given on the command line. */
export const Room = z.string().refine(isRoomId, {
  error: "must be @global, or 1–128 characters without @ : / and white space, and not public or private",
});

/** What every command may be told, by an option or by the environment. */
export const GlobalOptions = z.object({
  /** Checked by the SDK, which the client is made with; `--help` need not load it. */
  url: z.string().optional(),
  token: z
    .string()
    .regex(/^[\x21-\x7e]+$/, { error: "must be printable ASCII without spaces" })
    .optional(),
  room: z.array(Room).default([]),
  json: z.boolean().default(false),
});
export type GlobalOptions = z.infer<typeof GlobalOptions>;

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The options with what the environment says where they are silent; an empty variable says nothing.
 * `--public` is an answer to the same question as JOBLIB_ROOM, and the command line goes first.
 */
export const applyEnvironment = (options: Readonly<Record<string, unknown>>, env: Environment) => ({
  ...options,
  url: options["url"] ?? (env["JOBLIB_URL"]?.trim() || undefined),
  token: options["token"] ?? (env["JOBLIB_TOKEN"]?.trim() || undefined),
  room:
    options["room"] ?? (env["JOBLIB_ROOM"] && options["public"] !== true ? [env["JOBLIB_ROOM"]] : undefined),
});
