import type { FastifyRequest } from "fastify";
import { type Actor, type JobAddress, Problem } from "../../protocol/index.ts";
import type { Caller } from "../access.ts";
import type { Credentials, HostAuth, RoomAccess } from "../host.ts";
import { unauthorized } from "./problem-handler.ts";

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;

/** A host may throw to refuse; what it says about its own trouble stays an error. */
const isTrouble = (error: unknown) =>
  error instanceof Problem ||
  (statusOf(error) ?? 400) >= 500 ||
  error instanceof TypeError ||
  error instanceof ReferenceError;

/** What the host says at once need not be waited for: three waits of each request were promises of what was known. */
const isThere = <Value extends string | number | boolean | null | undefined>(
  given: Value | Promise<Value>,
): given is Value => typeof given !== "object" || given === null;

/**
 * An index row of PostgreSQL holds 2,704 bytes. The one of idempotency keys has a room (128 characters of 4 bytes), a key
 * (255 UTF-16 units of 3 bytes at most) and a user.
 */
const MAX_USER_ID_BYTES = 1000;

const userId = async (auth: HostAuth, request: FastifyRequest): Promise<string> => {
  let id: string | number | null | undefined;
  try {
    const given = auth.getCurrentUserId(request);
    id = isThere(given) ? given : await given;
  } catch (error) {
    if (isTrouble(error)) throw error;
    throw statusOf(error) === 403 ? new Problem("forbidden", "You may not use this server.") : unauthorized();
  }
  if (id === undefined || id === null || id === "") throw unauthorized();
  const text = String(id);
  if (Buffer.byteLength(text) > MAX_USER_ID_BYTES || text.includes("\u0000") || !text.isWellFormed()) {
    throw unauthorized();
  }
  return text;
};

/** Of a host that says nothing more than who somebody is. */
export const NO_CREDENTIALS: Credentials = { rooms: null, jobs: null, expiresAt: null, invitationId: null };

/** False where the host threw to refuse. */
const asked = async (ask: () => boolean | Promise<boolean>): Promise<boolean> => {
  try {
    return (await ask()) === true;
  } catch (error) {
    if (isTrouble(error) || statusOf(error) === 401) throw error;
    return false;
  }
};

/** A caller of whom the host is asked more when a rule depends on it. */
class HostCaller implements Caller {
  readonly actor: Actor;
  readonly isConfined: boolean;
  readonly #auth: HostAuth;
  readonly #request: FastifyRequest;

  constructor(auth: HostAuth, request: FastifyRequest, who: Pick<Caller, "actor" | "isConfined">) {
    this.actor = who.actor;
    this.isConfined = who.isConfined;
    this.#auth = auth;
    this.#request = request;
  }

  async credentials(): Promise<Credentials> {
    return (await this.#auth.describeCredentials?.(this.#request)) ?? NO_CREDENTIALS;
  }

  async canAccessRoom(roomId: string, access: RoomAccess): Promise<boolean> {
    const { authorizeRoom } = this.#auth;
    return authorizeRoom === undefined || asked(() => authorizeRoom(this.#request, roomId, access));
  }

  async mayRegister({ roomId, category, name }: JobAddress): Promise<boolean> {
    const { authorizeJob } = this.#auth;
    return authorizeJob === undefined || asked(() => authorizeJob(this.#request, roomId, { category, name }));
  }

  async namedRooms(): Promise<readonly string[] | undefined> {
    return (await this.#auth.listRooms?.(this.#request)) ?? undefined;
  }
}

/** Asks the host who a request is; 401 where it is nobody. */
export const authenticate = async (auth: HostAuth, request: FastifyRequest): Promise<Caller> => {
  const id = await userId(auth, request);
  const given = auth.getIsAdmin(request);
  const isAdmin = (isThere(given) ? given : await given) === true;
  const described = auth.describeCredentials?.(request);
  const credentials = described instanceof Promise ? await described : described;
  const isConfined = credentials !== undefined && credentials.invitationId !== null;
  return new HostCaller(auth, request, { actor: { id, isAdmin }, isConfined });
};
