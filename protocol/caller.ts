import * as z from "zod";
import { Timestamp } from "./time.ts";

/** The caller's identity and permissions, as far as the server knows them. */
export const CallerInfo = z.object({
  user_id: z.string(),
  is_admin: z.boolean(),
  rooms: z
    .union([z.literal("*"), z.array(z.string())])
    .nullable()
    .describe("the rooms in the token; null if the host decides"),
  jobs: z.array(z.string()).nullable().describe("jobs that the caller may register; null means any"),
  expires_at: Timestamp.nullable().describe("when the token expires; null if never or unknown"),
  invitation_id: z.string().nullable(),
  room: z
    .object({ room_id: z.string(), read: z.boolean(), write: z.boolean() })
    .nullable()
    .describe("the caller's permissions in the requested room"),
});
export type CallerInfo = z.infer<typeof CallerInfo>;
