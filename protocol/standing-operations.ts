import * as z from "zod";
import { operation } from "./operation.ts";
import { API_PATH } from "./operation-parts.ts";
import { RoomId } from "./room.ts";
import { Standing } from "./standing.ts";

/** Who the caller is to the server, and what it may. */
export const readStanding = operation({
  method: "GET",
  path: `${API_PATH}/me`,
  summary: "Who the caller is to the server, and what it may do in a room",
  access: "user",
  query: z.object({ room_id: RoomId.optional() }),
  responses: { 200: Standing },
  problems: ["invalid-room-id"],
});
