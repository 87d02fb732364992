import { RecentMap } from "../recent-map.ts";
import type { InvitationStorage } from "../storage/invitations.ts";

/** For so long another server's revocation may go unnoticed here; one of this server's counts at once. */
const BELIEVED_MS = 5_000;
const MOST_KNOWN = 10_000;

/** Which invitations are still good: looked up in the database, and believed for a moment. */
export class OpenInvitations {
  readonly #invitations: Pick<InvitationStorage, "find">;
  readonly #known = new RecentMap<{ readonly isOpen: boolean; readonly until: number }>({
    entries: MOST_KNOWN,
    weight: MOST_KNOWN,
  });

  constructor(invitations: Pick<InvitationStorage, "find">) {
    this.#invitations = invitations;
  }

  /** True until it is revoked; when it ends says the token itself. */
  async isOpen(id: string): Promise<boolean> {
    const known = this.#known.get(id);
    if (known !== undefined && performance.now() < known.until) return known.isOpen;
    const invitation = await this.#invitations.find(id);
    return this.#remember(id, invitation !== undefined && invitation.revoked_at === null);
  }

  /** It was revoked here. */
  close(id: string): void {
    this.#remember(id, false);
  }

  #remember(id: string, isOpen: boolean): boolean {
    this.#known.set(id, { isOpen, until: performance.now() + BELIEVED_MS }, 1);
    return isOpen;
  }
}
