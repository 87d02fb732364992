import * as z from "zod";
import { isRoomId, ROOM_ID_RULE } from "../../protocol/rooms.ts";

export const Room = z.string().refine(isRoomId, {
  error: `must be ${ROOM_ID_RULE}`,
});

/** The options of every command. Their defaults come from the environment. */
export const GlobalOptions = z.object({
  /** The SDK validates the URL. This schema does not, because `--help` does not load the SDK. */
  url: z.string().optional(),
  token: z
    .string()
    .regex(/^[\x21-\x7e]+$/, { error: "must be printable ASCII without spaces" })
    .optional(),
  room: z.array(Room).default([]),
  json: z.boolean().default(false),
});
export type GlobalOptions = z.infer<typeof GlobalOptions>;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Sets missing options from the environment. An empty variable counts as unset. JOBLIB_ROOM is
 * ignored if `--public` is set, because both select a room and the command line takes precedence.
 */
export function applyEnvironment(options: Readonly<Record<string, unknown>>, env: Environment) {
  return {
    ...options,
    url: options["url"] ?? (env["JOBLIB_URL"]?.trim() || undefined),
    token: options["token"] ?? (env["JOBLIB_TOKEN"]?.trim() || undefined),
    room:
      options["room"] ??
      (env["JOBLIB_ROOM"] && options["public"] !== true ? [env["JOBLIB_ROOM"]] : undefined),
  };
}
