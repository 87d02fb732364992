import type { FastifyRequest } from "fastify";

/** What a request wants of a room. */
export type RoomAccess = "read" | "write";

/** What a request's credentials say of themselves; null where they say nothing. */
export interface Credentials {
  readonly rooms: "*" | readonly string[] | null;
  /** `<category>:<name>` of what may be registered; null: any. */
  readonly jobs: readonly string[] | null;
  readonly expiresAt: string | null;
  readonly invitationId: string | null;
}

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
  /** Whether who may write in a room may register this job there; without it, any. */
  readonly authorizeJob?: (
    request: FastifyRequest,
    roomId: string,
    job: { readonly category: string; readonly name: string },
  ) => MaybePromise<boolean>;
  /** @internal What the bundled tokens say of themselves. */
  readonly describeCredentials?: (request: FastifyRequest) => MaybePromise<Credentials>;
  /** The rooms that the user may read, where the host can name them; of any others `authorizeRoom` is asked one by one. */
  readonly listRooms?: (request: FastifyRequest) => MaybePromise<readonly string[] | undefined>;
}

type MaybePromise<Value> = Value | Promise<Value>;
