import { sql } from "kysely";
import type { Window } from "../../../records.ts";
import type { NewInvitationRecord } from "../../ports/invitations.ts";
import type { Sql } from "../../sessions/orm.ts";

export interface InvitationRow {
  id: string;
  room_id: string;
  /** A JSON list of names. */
  jobs: string | null;
  note: string | null;
  created_by_id: string;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
}

const COLUMNS = sql`i.id, i.room_id, i.jobs::text as jobs, i.note, i.created_by_id,
  i.created_at::text as created_at, i.expires_at::text as expires_at, i.revoked_at::text as revoked_at`;

/** Inserts an invitation, and deletes those that expired 30 days ago, so that the table stays small. */
export const insertInvitation = async (db: Sql, invitation: NewInvitationRecord): Promise<InvitationRow> => {
  const { rows } = await sql<InvitationRow>`
    with deleted as (delete from joblib.invitation where expires_at < clock_timestamp() - interval '30 days')
    insert into joblib.invitation as i (id, room_id, jobs, note, created_by_id, created_at, expires_at)
    values (
      ${invitation.id}::uuid, ${invitation.roomId}, ${invitation.jobs === null ? null : JSON.stringify(invitation.jobs)}::jsonb, ${invitation.note},
      ${invitation.createdById}, date_trunc('milliseconds', clock_timestamp()),
      date_trunc('milliseconds', least(
        clock_timestamp() + make_interval(secs => ${invitation.seconds}::float8), ${invitation.notBeyond}::timestamptz)))
    returning ${COLUMNS}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new TypeError("the insert of an invitation returned nothing");
  return row;
};

/** Returns an invitation by its id. */
export const findInvitation = async (db: Sql, id: string): Promise<InvitationRow | undefined> => {
  const { rows } = await sql<InvitationRow>`
    select ${COLUMNS} from joblib.invitation as i where i.id = ${id}::uuid`.execute(db);
  return rows[0];
};

/** Returns a page of a room's invitations, newest first, and their total number. */
export const listInvitations = async (db: Sql, roomId: string, { limit, offset }: Window) => {
  const { rows } = await sql<InvitationRow>`
    select ${COLUMNS} from joblib.invitation as i where i.room_id = ${roomId}
    order by i.created_at desc, i.id desc limit ${limit}::int offset ${offset}::int`.execute(db);
  const count = await sql<{ total: number }>`
    select count(*)::int as total from joblib.invitation as i where i.room_id = ${roomId}`.execute(db);
  return { rows, total: count.rows[0]?.total ?? 0 };
};

/** Revokes an invitation. If it is already revoked, the time does not change. */
export const revokeInvitation = async (db: Sql, id: string): Promise<InvitationRow | undefined> => {
  const { rows } = await sql<InvitationRow>`
    update joblib.invitation as i
    set revoked_at = coalesce(i.revoked_at, date_trunc('milliseconds', clock_timestamp()))
    where i.id = ${id}::uuid returning ${COLUMNS}`.execute(db);
  return rows[0];
};
