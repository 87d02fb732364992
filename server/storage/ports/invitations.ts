import type { Invitation } from "../../../protocol/index.ts";
import type { ResultPage, Window } from "../../records.ts";

/**
 * A new invitation. It expires `seconds` after its creation by the clock of the database, but not later than
 * `notBeyond`.
 */
export interface NewInvitationRecord {
  readonly id: string;
  readonly roomId: string;
  readonly jobs: readonly string[] | null;
  readonly note: string | null;
  readonly createdById: string;
  readonly seconds: number;
  readonly notBeyond: string | null;
}

export interface InvitationStorage {
  /** Stores an invitation, and deletes those that expired at least a month ago. */
  create(invitation: NewInvitationRecord): Promise<Invitation>;
  find(id: string): Promise<Invitation | undefined>;
  /** Lists the invitations of a room, newest first. */
  list(roomId: string, window: Window): Promise<ResultPage<Invitation>>;
  /**
   * Revokes an invitation. If it is already revoked, the time does not change. Returns undefined if the
   * invitation does not exist.
   */
  revoke(id: string): Promise<Invitation | undefined>;
}
