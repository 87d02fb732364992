import type { FastifyRequest } from "fastify";

/** What a request wants of a room. */
export type RoomAccess = "read" | "write";

/** How the host says who a request is and what it may; each may be async, and may throw to refuse. */
export interface HostAuth {
  /** The user's id; undefined or null: there is none (401). */
  readonly getCurrentUserId: (request: FastifyRequest) => MaybePromise<string | number | null | undefined>;
  readonly getIsAdmin: (request: FastifyRequest) => MaybePromise<boolean>;
  /** Without it every user may read and write every room. */
  readonly authorizeRoom?: (
    request: FastifyRequest,
    roomId: string,
    access: RoomAccess,
  ) => MaybePromise<boolean>;
  /** The rooms that the user may read, where the host can name them; of any others `authorizeRoom` is asked one by one. */
  readonly listRooms?: (request: FastifyRequest) => MaybePromise<readonly string[] | undefined>;
}

type MaybePromise<Value> = Value | Promise<Value>;
