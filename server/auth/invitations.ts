import { LRUCache } from "lru-cache";
import type { Invitation } from "../../protocol/index.ts";
import type { InvitationStorage } from "../storage/ports/storage.ts";
import { createToken } from "./create-token.ts";

/** A revocation takes effect immediately on the server that received it, and on others after at most this time. */
const CACHE_MS = 5_000;
const MAX_CACHED = 10_000;

/** Returns the user id of an invitation's bearer. Each invitation is its own user, with its own workers and tasks. */
export const getInvitedUserId = (id: string): string => `invitation:${id}`;

/** Returns the id of the invitation that a token's `sub` and `jti` identify; null if the token is not an invitation. */
export const getInvitationId = ({ sub, jti }: { sub: string; jti?: string | undefined }): string | null =>
  jti !== undefined && sub === getInvitedUserId(jti) ? jti : null;

/** Caches for a few seconds whether invitations are still valid. */
export class InvitationStatusCache {
  readonly #isValid: LRUCache<string, boolean>;

  constructor(invitations: Pick<InvitationStorage, "find">) {
    this.#isValid = new LRUCache<string, boolean>({
      max: MAX_CACHED,
      ttl: CACHE_MS,
      ttlResolution: 0,
      // If an invitation is revoked while it is being read, the read neither overwrites the revocation nor fails.
      ignoreFetchAbort: true,
      fetchMethod: async (id) => (await invitations.find(id))?.revoked_at === null,
    });
  }

  /** Returns false if an invitation does not exist or is revoked. Its expiry is in the token. */
  async isValid(id: string): Promise<boolean> {
    return (await this.#isValid.fetch(id)) === true;
  }

  /** Records that an invitation was revoked on this server. */
  setRevoked(id: string): void {
    this.#isValid.set(id, false);
  }
}

/** Signs invitations and checks whether they are still valid. Used only by servers that sign their own tokens. */
export class InvitationIssuer {
  readonly status: InvitationStatusCache;
  readonly #secret: string;

  constructor(secret: string, invitations: Pick<InvitationStorage, "find">) {
    this.#secret = secret;
    this.status = new InvitationStatusCache(invitations);
  }

  sign({ id, room_id, jobs, expires_at }: Invitation): Promise<string> {
    const user = { sub: getInvitedUserId(id), jti: id, expiresAt: new Date(expires_at) };
    return createToken(this.#secret, { ...user, rooms: [room_id], ...(jobs !== null && { jobs }) });
  }
}
