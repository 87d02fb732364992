import { LRUCache } from "lru-cache";
import type { InvitationStorage } from "../storage/ports/invitations.ts";

/**
 * A revocation takes effect immediately on the server that received it, and on other servers after at most
 * this time.
 */
const CACHE_MS = 5_000;
const MAX_CACHED = 10_000;

/** Caches for a few seconds whether invitations are still valid. */
export class InvitationStatusCache {
  readonly #invitations: Pick<InvitationStorage, "find">;
  readonly #cached = new LRUCache<string, boolean>({ max: MAX_CACHED, ttl: CACHE_MS, ttlResolution: 0 });

  constructor(invitations: Pick<InvitationStorage, "find">) {
    this.#invitations = invitations;
  }

  /**
   * Returns false if an invitation does not exist or is revoked. Expiry is not checked here, because the
   * token contains it.
   */
  async isValid(id: string): Promise<boolean> {
    const known = this.#cached.get(id);
    if (known !== undefined) return known;
    const invitation = await this.#invitations.find(id);
    return this.#remember(id, invitation !== undefined && invitation.revoked_at === null);
  }

  /** Records that an invitation was revoked on this server. */
  setRevoked(id: string): void {
    this.#remember(id, false);
  }

  #remember(id: string, isValid: boolean): boolean {
    this.#cached.set(id, isValid);
    return isValid;
  }
}
