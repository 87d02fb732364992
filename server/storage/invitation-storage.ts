import type { Invitation } from "../../protocol/index.ts";
import { isUuid } from "./ids.ts";
import type { InvitationStorage } from "./ports/invitations.ts";
import {
  findInvitation,
  type InvitationRow,
  insertInvitation,
  listInvitations,
  revokeInvitation,
} from "./queries/rooms/invitations.ts";
import { formatTime } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

const toInvitation = (row: InvitationRow): Invitation => ({
  id: row.id,
  room_id: row.room_id,
  jobs: row.jobs === null ? null : JSON.parse(row.jobs),
  note: row.note,
  created_by_id: row.created_by_id,
  created_at: formatTime(row.created_at),
  expires_at: formatTime(row.expires_at),
  revoked_at: row.revoked_at === null ? null : formatTime(row.revoked_at),
});

export const createInvitationStorage = ({ run }: Sessions): InvitationStorage => ({
  create: async (invitation) => toInvitation(await run((db) => insertInvitation(db, invitation))),

  async find(id) {
    const row = isUuid(id) ? await run((db) => findInvitation(db, id)) : undefined;
    return row && toInvitation(row);
  },

  async list(roomId, window) {
    const { rows, total } = await run((db) => listInvitations(db, roomId, window));
    return { items: rows.map(toInvitation), total };
  },

  async revoke(id) {
    const row = isUuid(id) ? await run((db) => revokeInvitation(db, id)) : undefined;
    return row && toInvitation(row);
  },
});
