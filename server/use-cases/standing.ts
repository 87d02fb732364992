import { isRoomId, Problem, type ServerState, type Standing } from "../../protocol/index.ts";
import { type Caller, mayRead } from "../access.ts";
import type { Context } from "../context.ts";
import { VERSION } from "../version.ts";

const standingIn = async (caller: Caller, roomId: string) => {
  if (!isRoomId(roomId)) {
    throw new Problem(
      "invalid-room-id",
      "A room is @global, or 1–128 characters without @ : / and white space.",
    );
  }
  const [read, write] = await Promise.all([mayRead(caller, roomId), caller.mayRoom(roomId, "write")]);
  return { room_id: roomId, read, write };
};

/** Who the caller is taken for, and what it may do in a room. */
export const readStanding = async (caller: Caller, roomId: string | undefined): Promise<Standing> => {
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

/** How the database is: away, or so many milliseconds near, and what it still lacks. */
const databaseState = async (storage: Context["storage"]): Promise<ServerState["database"]> => {
  try {
    const began = performance.now();
    await storage.ping();
    const milliseconds = Math.round((performance.now() - began) * 10) / 10;
    return { status: "up", milliseconds, pending_migrations: [...(await storage.pendingMigrations())] };
  } catch {
    return { status: "down", milliseconds: null, pending_migrations: null };
  }
};

/** How the server stands: what a doctor asks. */
export const readServer = async ({
  storage,
  bus,
  settings,
}: Pick<Context, "storage" | "bus" | "settings">): Promise<ServerState> => ({
  version: VERSION,
  database: await databaseState(storage),
  bus: { status: bus.state, kind: bus.kind },
  long_poll_max_wait_seconds: settings.long_poll_max_wait_seconds,
  worker_timeout_threshold: settings.worker_timeout_threshold,
  // Last, so that what was asked before does not age it.
  time: new Date().toISOString(),
});
