import type { FastifyRequest } from "fastify";
import { type Actor, type JobAddress, Problem } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Credentials, HostAuth, RoomAccess } from "../host.ts";
import { unauthorized } from "./problems.ts";

const getStatusCode = (error: unknown): number | undefined =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;

/** Returns true if a function of the host failed. Other errors mean that it rejected the request. */
const isFailure = (error: unknown) =>
  error instanceof Problem ||
  (getStatusCode(error) ?? 400) >= 500 ||
  error instanceof TypeError ||
  error instanceof ReferenceError;

/**
 * Returns true if the host returned a value instead of a promise. Awaiting such values cost three promises per
 * request.
 */
const isValue = <Value extends string | number | boolean | null | undefined>(
  result: Value | Promise<Value>,
): result is Value => typeof result !== "object" || result === null;

/**
 * Limits user ids so that index rows fit: PostgreSQL allows 2,704 bytes per index row, and the index of
 * idempotency keys contains a room (up to 128 characters of 4 bytes), a key (up to 255 UTF-16 units of 3
 * bytes) and a user id.
 */
const MAX_USER_ID_BYTES = 1000;

const getUserId = async (auth: HostAuth, request: FastifyRequest): Promise<string> => {
  let id: string | number | null | undefined;
  try {
    const result = auth.getCurrentUserId(request);
    id = isValue(result) ? result : await result;
  } catch (error) {
    if (isFailure(error)) throw error;
    throw getStatusCode(error) === 403
      ? new Problem("forbidden", "You are not allowed to use this server.")
      : unauthorized();
  }
  if (id === undefined || id === null || id === "") throw unauthorized();
  const text = String(id);
  if (Buffer.byteLength(text) > MAX_USER_ID_BYTES || text.includes("\u0000") || !text.isWellFormed()) {
    throw unauthorized();
  }
  return text;
};

/** The credentials of a host without `describeCredentials`. */
export const NO_CREDENTIALS: Credentials = { rooms: null, jobs: null, expiresAt: null, invitationId: null };

/** Returns the decision of the host. A function that throws to reject the request counts as false. */
const isAllowed = async (authorize: () => boolean | Promise<boolean>): Promise<boolean> => {
  try {
    return (await authorize()) === true;
  } catch (error) {
    if (isFailure(error) || getStatusCode(error) === 401) throw error;
    return false;
  }
};

/** A caller whose permissions are requested from the host when a rule needs them. */
class HostCaller implements Caller {
  readonly actor: Actor;
  readonly isConfined: boolean;
  readonly #auth: HostAuth;
  readonly #request: FastifyRequest;

  constructor(
    auth: HostAuth,
    request: FastifyRequest,
    { actor, isConfined }: Pick<Caller, "actor" | "isConfined">,
  ) {
    this.actor = actor;
    this.isConfined = isConfined;
    this.#auth = auth;
    this.#request = request;
  }

  async getCredentials(): Promise<Credentials> {
    return (await this.#auth.describeCredentials?.(this.#request)) ?? NO_CREDENTIALS;
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

/** Returns the caller of a request according to the host. Throws a 401 if the request is not authenticated. */
export const authenticate = async (auth: HostAuth, request: FastifyRequest): Promise<Caller> => {
  const id = await getUserId(auth, request);
  const result = auth.getIsAdmin(request);
  const isAdmin = (isValue(result) ? result : await result) === true;
  const described = auth.describeCredentials?.(request);
  const credentials = described instanceof Promise ? await described : described;
  const isConfined = credentials !== undefined && credentials.invitationId !== null;
  return new HostCaller(auth, request, { actor: { id, isAdmin }, isConfined });
};
