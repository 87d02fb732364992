import * as z from "zod";
import { CallerInfo } from "./caller.ts";
import { operation } from "./operation.ts";
import { API_PATH } from "./operation-parts.ts";
import { RoomId } from "./rooms.ts";

/** Reads the caller's identity and permissions. */
export const readCaller = operation({
  method: "GET",
  path: `${API_PATH}/me`,
  summary: "Get the caller's identity, and its permissions in a room",
  access: "user",
  query: z.object({ room_id: RoomId.optional() }),
  responses: { 200: CallerInfo },
  problems: ["invalid-room-id"],
});
