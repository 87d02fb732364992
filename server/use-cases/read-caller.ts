import { type CallerInfo, isRoomId, Problem } from "../../protocol/index.ts";
import { type Caller, canRead } from "../access.ts";

const standingIn = async (caller: Caller, roomId: string) => {
  if (!isRoomId(roomId)) {
    throw new Problem(
      "invalid-room-id",
      "A room is @global, or 1–128 characters without @ : / and white space.",
    );
  }
  const [read, write] = await Promise.all([canRead(caller, roomId), caller.canAccessRoom(roomId, "write")]);
  return { room_id: roomId, read, write };
};

/** Who the caller is taken for, and what it may do in a room. */
export const readCaller = async (caller: Caller, roomId: string | undefined): Promise<CallerInfo> => {
  const { rooms, jobs, expiresAt, invitationId } = await caller.credentials();
  return {
    user_id: caller.actor.id,
    is_admin: caller.actor.isAdmin,
    rooms: typeof rooms === "object" && rooms !== null ? [...rooms] : rooms,
    jobs: jobs === null ? null : [...jobs],
    expires_at: expiresAt,
    invitation_id: invitationId,
    room: roomId === undefined ? null : await standingIn(caller, roomId),
  };
};
