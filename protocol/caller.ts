import * as z from "zod";
import { API_PATH, operation } from "./operation.ts";
import { RoomId } from "./rooms.ts";
import { Timestamp } from "./time.ts";

/** The authenticated user of a request. */
export interface Actor {
  readonly id: string;
  readonly isAdmin: boolean;
}

/** The caller's identity and permissions, as far as the server knows them. */
export const CallerInfo = z.object({
  user_id: z.string(),
  is_admin: z.boolean(),
  rooms: z
    .union([z.literal("*"), z.array(z.string())])
    .nullable()
    .describe(
      "rooms that the token gives access to, `*` for all; null if the host application decides about each room",
    ),
  jobs: z.array(z.string()).nullable().describe("jobs that the caller may register; null means any job"),
  expires_at: Timestamp.nullable().describe("when the token expires; null if never or unknown"),
  invitation_id: z.string().nullable(),
  room: z
    .object({ room_id: z.string(), read: z.boolean(), write: z.boolean() })
    .nullable()
    .describe("the caller's permissions in the requested room"),
});
export type CallerInfo = z.infer<typeof CallerInfo>;

export const readCaller = operation({
  method: "GET",
  path: `${API_PATH}/me`,
  summary: "Get the caller's identity, and its permissions in a room",
  access: "user",
  query: z.object({ room_id: RoomId.optional() }),
  responses: { 200: CallerInfo },
  responseDescriptions: { 200: "The caller and its permissions." },
  problems: ["invalid-room-id"],
});

export const callerOperations = { readCaller } as const;
