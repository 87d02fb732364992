import { type CallerInfo, isRoomId, Problem, ROOM_ID_RULE } from "../../protocol/index.ts";
import { type Caller, canRead } from "../access.ts";

/** Returns the caller's identity and permissions, and the access to a given room. */
export async function readCaller(caller: Caller, roomId: string | undefined): Promise<CallerInfo> {
  const { rooms, jobs, expiresAt, invitationId } = caller.credentials;
  return {
    user_id: caller.actor.id,
    is_admin: caller.actor.isAdmin,
    rooms: rooms === null || rooms === "*" ? rooms : [...rooms],
    jobs: jobs && [...jobs],
    expires_at: expiresAt,
    invitation_id: invitationId,
    room: roomId === undefined ? null : await readRoomAccess(caller, roomId),
  };
}

async function readRoomAccess(caller: Caller, roomId: string) {
  if (!isRoomId(roomId)) throw new Problem("invalid-room-id", `A room id must be ${ROOM_ID_RULE}.`);
  const [read, write] = await Promise.all([canRead(caller, roomId), caller.canAccessRoom(roomId, "write")]);
  return { room_id: roomId, read, write };
}
