import type { Invitation } from "../../protocol/index.ts";
import type { ResultPage, Window } from "./storage.ts";

/** An invitation to be kept; it ends after so many seconds by the database's clock, and never later than the given time. */
export interface NewInvitationRecord {
  readonly id: string;
  readonly roomId: string;
  readonly jobs: readonly string[] | null;
  readonly note: string | null;
  readonly createdById: string;
  readonly seconds: number;
  readonly notBeyond: string | null;
}

/** Who was let into a room for a while. */
export interface InvitationStorage {
  /** Those that ended a month ago and more are forgotten on the way. */
  create(invitation: NewInvitationRecord): Promise<Invitation>;
  find(id: string): Promise<Invitation | undefined>;
  /** A room's, newest first. */
  list(roomId: string, window: Window): Promise<ResultPage<Invitation>>;
  /** Revoked from now on, or since when it was first; undefined where there is none. */
  revoke(id: string): Promise<Invitation | undefined>;
}
