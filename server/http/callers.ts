import type { FastifyRequest } from "fastify";
import {
  type Access,
  type Actor,
  isRoomId,
  type JobAddress,
  Problem,
  ROOM_ID_RULE,
} from "../../protocol/index.ts";
import { type Caller, requireCaller, requireRoomAccess } from "../access.ts";
import type { Credentials, HostAuth, RoomAccess } from "../auth/host-auth.ts";
import { StorageRefusal, StorageUnavailable } from "../storage/sessions/storage-errors.ts";
import { isHttpError, unauthorized } from "./problems.ts";

/** The request decorator that stores the caller. */
export const CALLER = Symbol("caller");

/**
 * Limits user ids so that index rows fit: PostgreSQL allows 2,704 bytes per index row, and the index of
 * idempotency keys contains a room (up to 128 characters of 4 bytes), a key (up to 255 UTF-16 units of 3
 * bytes) and a user id.
 */
const MAX_USER_ID_BYTES = 1000;

/** The credentials of a host without `describeCredentials`. */
const NO_CREDENTIALS: Credentials = { rooms: null, jobs: null, expiresAt: null, invitationId: null };

/** The caller of operations that need no authentication. */
const ANONYMOUS: Caller = {
  actor: { id: "", isAdmin: false },
  isConfined: true,
  canAccessRoom: async () => false,
  canRegister: async () => false,
  getCredentials: async () => NO_CREDENTIALS,
  listRooms: async () => [],
};

/**
 * Authenticates the caller of a request and checks the access rule of its operation, before the body is read. Throws a
 * 400, 401 or 403 if the request does not pass.
 */
export async function requireAccess(access: Access, auth: HostAuth, request: FastifyRequest): Promise<void> {
  if (access === "anyone") return;
  const caller = await authenticate(auth, request);
  requireCaller(access, caller);
  const roomId = getPathParam(request, "room_id");
  if (roomId !== undefined) {
    requireValidRoomId(roomId);
    await requireRoomAccess(access, caller, roomId);
  }
  request.setDecorator<Caller | null>(CALLER, caller);
}

/** Returns the caller of a request that passed `requireAccess`. */
export function getCaller(request: FastifyRequest): Caller {
  return request.getDecorator<Caller | null>(CALLER) ?? ANONYMOUS;
}

/** Returns a parameter of the path. */
export function getPathParam({ params }: FastifyRequest, name: string): string | undefined {
  if (typeof params !== "object" || params === null || !Object.hasOwn(params, name)) return undefined;
  const value: unknown = Reflect.get(params, name);
  return typeof value === "string" ? value : undefined;
}

function requireValidRoomId(roomId: string): void {
  if (isRoomId(roomId) && roomId.isWellFormed()) return;
  throw new Problem("invalid-room-id", `A room id must be ${ROOM_ID_RULE}.`);
}

async function authenticate(auth: HostAuth, request: FastifyRequest): Promise<Caller> {
  const id = await getUserId(auth, request);
  const isAdmin = (await auth.getIsAdmin(request)) === true;
  const credentials = (await auth.describeCredentials?.(request)) ?? NO_CREDENTIALS;
  return new HostCaller(auth, request, { id, isAdmin }, credentials);
}

async function getUserId(auth: HostAuth, request: FastifyRequest): Promise<string> {
  const id = String((await readUserId(auth, request)) ?? "");
  const isValid = Buffer.byteLength(id) <= MAX_USER_ID_BYTES && !id.includes("\u0000") && id.isWellFormed();
  if (id === "" || !isValid) throw unauthorized();
  return id;
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

/** Returns true if a function of the host failed. Other errors mean that it rejected the request. */
function isFailure(error: unknown): boolean {
  if (error instanceof Problem || error instanceof TypeError || error instanceof ReferenceError) return true;
  // The lookup of an invitation failed, so nothing is known about the credentials.
  if (error instanceof StorageUnavailable || error instanceof StorageRefusal) return true;
  return isHttpError(error) && error.statusCode >= 500;
}

/** Returns the decision of the host. A function that throws to reject the request counts as false. */
async function isAllowed(authorize: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return (await authorize()) === true;
  } catch (error) {
    if (isFailure(error) || (isHttpError(error) && error.statusCode === 401)) throw error;
    return false;
  }
}

/** A caller whose permissions are requested from the host when a rule needs them. */
class HostCaller implements Caller {
  readonly actor: Actor;
  readonly isConfined: boolean;
  readonly #auth: HostAuth;
  readonly #request: FastifyRequest;
  readonly #credentials: Credentials;

  constructor(auth: HostAuth, request: FastifyRequest, actor: Actor, credentials: Credentials) {
    this.actor = actor;
    this.isConfined = credentials.invitationId !== null;
    this.#auth = auth;
    this.#request = request;
    this.#credentials = credentials;
  }

  async getCredentials(): Promise<Credentials> {
    return this.#credentials;
  }

  async canAccessRoom(roomId: string, access: RoomAccess): Promise<boolean> {
    const { authorizeRoom } = this.#auth;
    return authorizeRoom === undefined || isAllowed(() => authorizeRoom(this.#request, roomId, access));
  }

  async canRegister({ roomId, category, name }: JobAddress): Promise<boolean> {
    const { authorizeJob } = this.#auth;
    if (authorizeJob === undefined) return true;
    return isAllowed(() => authorizeJob(this.#request, roomId, { category, name }));
  }

  async listRooms(): Promise<readonly string[] | undefined> {
    return (await this.#auth.listRooms?.(this.#request)) ?? undefined;
  }
}
