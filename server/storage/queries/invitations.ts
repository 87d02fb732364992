import { sql } from "kysely";
import type { Invitation } from "../../../protocol/index.ts";
import { isUuid } from "../ids.ts";
import type { InvitationStorage } from "../ports/storage.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { formatTimeInSql, readPage } from "../sql/statement.ts";

type InvitationRow = Omit<Invitation, "jobs"> & { readonly jobs: string | null };

const INVITATION_COLUMNS = sql<InvitationRow>`i.id, i.room_id, i.jobs::text as jobs, i.note, i.created_by_id,
  ${formatTimeInSql(sql`i.created_at`)} as created_at, ${formatTimeInSql(sql`i.expires_at`)} as expires_at,
  ${formatTimeInSql(sql`i.revoked_at`)} as revoked_at`;

const toInvitation = (row: InvitationRow): Invitation => ({
  ...row,
  jobs: row.jobs === null ? null : JSON.parse(row.jobs),
});

export const createInvitationStorage = ({ run, readRow }: Sessions): InvitationStorage => ({
  async create({ jobs, ...invitation }) {
    const row = await readRow(sql<InvitationRow>`
      with deleted as (delete from joblib.invitation where expires_at < clock_timestamp() - interval '30 days')
      insert into joblib.invitation as i (id, room_id, jobs, note, created_by_id, created_at, expires_at)
      values (
        ${invitation.id}::uuid, ${invitation.roomId}, ${jobs === null ? null : JSON.stringify(jobs)}::jsonb,
        ${invitation.note}, ${invitation.createdById}, date_trunc('milliseconds', clock_timestamp()),
        date_trunc('milliseconds', least(
          clock_timestamp() + make_interval(secs => ${invitation.seconds}::float8),
          ${invitation.notBeyond}::timestamptz)))
      returning ${INVITATION_COLUMNS}`);
    if (row === undefined) throw new TypeError("the insert of an invitation returned nothing");
    return toInvitation(row);
  },

  async find(id) {
    if (!isUuid(id)) return undefined;
    const row = await readRow(
      sql<InvitationRow>`select ${INVITATION_COLUMNS} from joblib.invitation as i where i.id = ${id}::uuid`,
    );
    return row && toInvitation(row);
  },

  async list(roomId, window) {
    const clauses = {
      columns: INVITATION_COLUMNS,
      from: sql`joblib.invitation as i where i.room_id = ${roomId}`,
      order: sql`i.created_at desc, i.id desc`,
    };
    const { items, total } = await run((db) => readPage(db, clauses, window));
    return { items: items.map(toInvitation), total };
  },

  async revoke(id) {
    if (!isUuid(id)) return undefined;
    const row = await readRow(sql<InvitationRow>`
      update joblib.invitation as i
      set revoked_at = coalesce(i.revoked_at, date_trunc('milliseconds', clock_timestamp()))
      where i.id = ${id}::uuid returning ${INVITATION_COLUMNS}`);
    return row && toInvitation(row);
  },
});
