import type { FastifyRequest } from "fastify";
import { Problem } from "../../protocol/index.ts";
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

const userId = async (auth: HostAuth, request: FastifyRequest): Promise<string> => {
  let id: string | number | null | undefined;
  try {
    id = await auth.getCurrentUserId(request);
  } catch (error) {
    if (isTrouble(error)) throw error;
    throw statusOf(error) === 403 ? new Problem("forbidden", "You may not use this server.") : unauthorized();
  }
  if (id === undefined || id === null || id === "") throw unauthorized();
  const text = String(id);
  if (text.length > 1000 || text.includes("\u0000") || !text.isWellFormed()) throw unauthorized();
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

/** Asks the host who a request is; 401 where it is nobody. */
export const callerOf = async (auth: HostAuth, request: FastifyRequest): Promise<Caller> => {
  const id = await userId(auth, request);
  const isAdmin = (await auth.getIsAdmin(request)) === true;
  const { authorizeRoom, authorizeJob, listRooms, describeCredentials } = auth;
  const credentials = async () => (await describeCredentials?.(request)) ?? NO_CREDENTIALS;
  return {
    actor: { id, isAdmin },
    isConfined: describeCredentials !== undefined && (await credentials()).invitationId !== null,
    credentials,
    async mayRoom(roomId: string, access: RoomAccess) {
      return authorizeRoom === undefined || asked(() => authorizeRoom(request, roomId, access));
    },
    async mayRegister({ roomId, category, name }) {
      return authorizeJob === undefined || asked(() => authorizeJob(request, roomId, { category, name }));
    },
    namedRooms: async () => (await listRooms?.(request)) ?? undefined,
  };
};
