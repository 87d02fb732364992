import type { FastifyRequest } from "fastify";

export type RoomAccess = "read" | "write";

/**
 * The permissions in the credentials of a request. A member is null if the credentials do not
 * contain this information.
 */
export interface Credentials {
  readonly rooms: "*" | readonly string[] | null;
  /** Jobs (`<category>:<name>`) that may be registered; null for all jobs. */
  readonly jobs: readonly string[] | null;
  /** Expiry as an RFC 3339 time; null if it is unknown or the credentials never expire. */
  readonly expiresAt: string | null;
  readonly invitationId: string | null;
}

/**
 * Identifies and authorizes users. The functions may be async. To reject a request, they can throw
 * an error.
 */
export interface HostAuth {
  /** Returns the id of the user. Return undefined or null to reject the request with a 401. */
  readonly getCurrentUserId: (request: FastifyRequest) => MaybePromise<string | number | null | undefined>;
  readonly getIsAdmin: (request: FastifyRequest) => MaybePromise<boolean>;
  /** Returns true if the user may access the room. Default: every user can access every room. */
  readonly authorizeRoom?: (
    request: FastifyRequest,
    roomId: string,
    access: RoomAccess,
  ) => MaybePromise<boolean>;
  /** Returns true if a user with write access to the room may register the job. Default: true. */
  readonly authorizeJob?: (
    request: FastifyRequest,
    roomId: string,
    job: { readonly category: string; readonly name: string },
  ) => MaybePromise<boolean>;
  /** @internal Returns the permissions in the request's token. */
  readonly describeCredentials?: (request: FastifyRequest) => MaybePromise<Credentials>;
  /**
   * Returns the rooms that the user can read, or undefined if the host application cannot list
   * them. Without this function, `authorizeRoom` is called for each room that has jobs or tasks.
   */
  readonly listRooms?: (request: FastifyRequest) => MaybePromise<readonly string[] | undefined>;
}

type MaybePromise<Value> = Value | Promise<Value>;
