import * as z from "zod";
import { Timestamp } from "./timestamp.ts";

/** Who the server takes the caller for, as far as it can tell. */
export const Standing = z.object({
  user_id: z.string(),
  is_admin: z.boolean(),
  rooms: z
    .union([z.literal("*"), z.array(z.string())])
    .nullable()
    .describe("those that the token names; null where a host decides"),
  jobs: z.array(z.string()).nullable().describe("what it may register; null: any"),
  expires_at: Timestamp.nullable().describe("when the token ends; null where it does not, or a host knows"),
  invitation_id: z.string().nullable(),
  room: z
    .object({ room_id: z.string(), read: z.boolean(), write: z.boolean() })
    .nullable()
    .describe("what the caller may do in the room that the query names"),
});
export type Standing = z.infer<typeof Standing>;
