import { LRUCache } from "lru-cache";
import type { Invitation } from "../../protocol/index.ts";
import type { InvitationStorage } from "../storage/ports/storage.ts";
import { createToken } from "./create-token.ts";

/**
 * Maximum time until a server notices that another server has revoked an invitation, in
 * milliseconds.
 */
const CACHE_MS = 5_000;
const MAX_CACHED = 10_000;

/**
 * Returns the user id of requests that use the token of an invitation. Each invitation has its own user.
 */
export const getInvitedUserId = (id: string): string => `invitation:${id}`;

/** Returns the id of the invitation that a token belongs to; null for any other token. */
export const getInvitationId = ({ sub, jti }: { sub: string; jti?: string | undefined }): string | null =>
  jti !== undefined && sub === getInvitedUserId(jti) ? jti : null;

export class InvitationStatusCache {
  readonly #isValid: LRUCache<string, boolean>;

  constructor(invitations: Pick<InvitationStorage, "find">) {
    this.#isValid = new LRUCache<string, boolean>({
      max: MAX_CACHED,
      ttl: CACHE_MS,
      ttlResolution: 0,
      // If `setRevoked` is called while this query runs, the query must not be aborted, and its
      // result must not overwrite the revocation.
      ignoreFetchAbort: true,
      fetchMethod: async (id) => (await invitations.find(id))?.revoked_at === null,
    });
  }

  /**
   * Returns false for an unknown or revoked invitation. Does not check the expiry, because the
   * token contains it.
   */
  async isValid(id: string): Promise<boolean> {
    return (await this.#isValid.fetch(id)) === true;
  }

  setRevoked(id: string): void {
    this.#isValid.set(id, false);
  }
}

/** Signs the tokens of invitations. Only servers with the setting `jwt_secret` have one. */
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
