import type { FastifyRequest } from "fastify";
import { type Access, isRoomId, Problem, ROOM_ID_RULE } from "../../protocol/index.ts";
import { type Caller, requireCaller, requireRoomAccess } from "../access.ts";
import type { Credentials, HostAuth } from "../auth/host-auth.ts";
import { StorageRefusal, StorageUnavailable } from "../storage/sessions/storage-errors.ts";
import { isHttpError, unauthorized } from "./problems.ts";

export const CALLER = Symbol("caller");

/**
 * Maximum size of a user id in bytes of UTF-8. The index of idempotency keys contains the user id,
 * a room (up to 128 characters of 4 bytes) and a key (up to 255 UTF-16 units of 3 bytes), and
 * PostgreSQL allows 2,704 bytes per index row.
 */
const MAX_USER_ID_BYTES = 1000;

/** The credentials of a caller if the host application does not implement `describeCredentials`. */
const NO_CREDENTIALS: Credentials = { rooms: null, jobs: null, expiresAt: null, invitationId: null };

/** The caller of operations that need no authentication. */
const ANONYMOUS: Caller = {
  actor: { id: "", isAdmin: false },
  isConfined: true,
  credentials: NO_CREDENTIALS,
  canAccessRoom: async () => false,
  canRegister: async () => false,
  listRooms: async () => [],
};

/**
 * Authenticates the caller and checks the access rule. Throws a problem with the status 400, 401 or
 * 403.
 */
export async function requireAccess(access: Access, auth: HostAuth, request: FastifyRequest): Promise<void> {
  if (access === "anyone") return;
  const caller = await authenticate(auth, request);
  requireCaller(access, caller);
  const roomId = getPathParam(request, "room_id");
  if (roomId !== undefined) {
    if (!isRoomId(roomId) || !roomId.isWellFormed()) {
      throw new Problem("invalid-room-id", `A room id must be ${ROOM_ID_RULE}.`);
    }
    await requireRoomAccess(access, caller, roomId);
  }
  request.setDecorator<Caller | null>(CALLER, caller);
}

/** Returns the caller of a request that passed `requireAccess`. */
export function getCaller(request: FastifyRequest): Caller {
  return request.getDecorator<Caller | null>(CALLER) ?? ANONYMOUS;
}

export function getPathParam({ params }: FastifyRequest, name: string): string | undefined {
  if (typeof params !== "object" || params === null || !Object.hasOwn(params, name)) return undefined;
  const value: unknown = Reflect.get(params, name);
  return typeof value === "string" ? value : undefined;
}

/**
 * Authenticates the user. The returned caller calls the host application when a permission must be
 * checked.
 */
async function authenticate(auth: HostAuth, request: FastifyRequest): Promise<Caller> {
  const { authorizeRoom, authorizeJob } = auth;
  const id = String((await readUserId(auth, request)) ?? "");
  const isValid = Buffer.byteLength(id) <= MAX_USER_ID_BYTES && !id.includes("\u0000") && id.isWellFormed();
  if (id === "" || !isValid) throw unauthorized();
  const isAdmin = (await auth.getIsAdmin(request)) === true;
  const credentials = (await auth.describeCredentials?.(request)) ?? NO_CREDENTIALS;
  return {
    actor: { id, isAdmin },
    isConfined: credentials.invitationId !== null,
    credentials,
    canAccessRoom: async (roomId, access) =>
      authorizeRoom === undefined || isAllowed(() => authorizeRoom(request, roomId, access)),
    canRegister: async ({ roomId, category, name }) =>
      authorizeJob === undefined || isAllowed(() => authorizeJob(request, roomId, { category, name })),
    listRooms: async () => (await auth.listRooms?.(request)) ?? undefined,
  };
}

async function readUserId(auth: HostAuth, request: FastifyRequest) {
  try {
    return await auth.getCurrentUserId(request);
  } catch (error) {
    if (isFailure(error)) throw error;
    throw isHttpError(error) && error.statusCode === 403
      ? new Problem("forbidden", "You are not allowed to use this server.")
      : unauthorized();
  }
}

/**
 * Returns true if an error means that a function of the host application has failed, and false if
 * the function has rejected the request on purpose.
 */
function isFailure(error: unknown): boolean {
  if (error instanceof Problem || error instanceof TypeError || error instanceof ReferenceError) return true;
  // The invitation could not be looked up in the database. The credentials may be valid, so the
  // error must not become a 401.
  if (error instanceof StorageUnavailable || error instanceof StorageRefusal) return true;
  return isHttpError(error) && error.statusCode >= 500;
}

/**
 * Returns the decision of the host application. If the host application throws an error, rethrows a
 * failure and an error with the status 401. Any other error means false.
 */
async function isAllowed(authorize: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return (await authorize()) === true;
  } catch (error) {
    if (isFailure(error) || (isHttpError(error) && error.statusCode === 401)) throw error;
    return false;
  }
}
