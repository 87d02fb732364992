import { type RawBuilder, sql } from "kysely";
import type { Invitation } from "../../../../protocol/index.ts";
import type { ResultPage, Window } from "../../../records.ts";
import { isUuid } from "../../ids.ts";
import type { InvitationStorage, NewInvitationRecord } from "../../ports/invitations.ts";
import { formatTimeInSql } from "../../sql/time-text.ts";
import { Queries, readPage } from "../queries.ts";

/** An invitation whose list of jobs is JSON text. */
type InvitationRow = Omit<Invitation, "jobs"> & { readonly jobs: string | null };

const COLUMNS = sql`i.id, i.room_id, i.jobs::text as jobs, i.note, i.created_by_id,
  ${formatTimeInSql(sql`i.created_at`)} as created_at, ${formatTimeInSql(sql`i.expires_at`)} as expires_at,
  ${formatTimeInSql(sql`i.revoked_at`)} as revoked_at`;

const toInvitation = (row: InvitationRow): Invitation => ({
  ...row,
  jobs: row.jobs === null ? null : JSON.parse(row.jobs),
});

export class Invitations extends Queries implements InvitationStorage {
  async create({ jobs, ...invitation }: NewInvitationRecord): Promise<Invitation> {
    const created = await this.#readInvitation(sql`
      with deleted as (delete from joblib.invitation where expires_at < clock_timestamp() - interval '30 days')
      insert into joblib.invitation as i (id, room_id, jobs, note, created_by_id, created_at, expires_at)
      values (
        ${invitation.id}::uuid, ${invitation.roomId}, ${jobs === null ? null : JSON.stringify(jobs)}::jsonb,
        ${invitation.note}, ${invitation.createdById}, date_trunc('milliseconds', clock_timestamp()),
        date_trunc('milliseconds', least(
          clock_timestamp() + make_interval(secs => ${invitation.seconds}::float8),
          ${invitation.notBeyond}::timestamptz)))
      returning ${COLUMNS}`);
    if (created === undefined) throw new TypeError("the insert of an invitation returned nothing");
    return created;
  }

  async find(id: string): Promise<Invitation | undefined> {
    if (!isUuid(id)) return undefined;
    return this.#readInvitation(sql`select ${COLUMNS} from joblib.invitation as i where i.id = ${id}::uuid`);
  }

  async list(roomId: string, window: Window): Promise<ResultPage<Invitation>> {
    const clauses = {
      columns: COLUMNS,
      from: sql`joblib.invitation as i where i.room_id = ${roomId}`,
      order: sql`i.created_at desc, i.id desc`,
    };
    const { rows, total } = await this.sessions.run((db) => readPage<InvitationRow>(db, clauses, window));
    return { items: rows.map(toInvitation), total };
  }

  async revoke(id: string): Promise<Invitation | undefined> {
    if (!isUuid(id)) return undefined;
    return this.#readInvitation(sql`
      update joblib.invitation as i
      set revoked_at = coalesce(i.revoked_at, date_trunc('milliseconds', clock_timestamp()))
      where i.id = ${id}::uuid returning ${COLUMNS}`);
  }

  async #readInvitation(statement: RawBuilder<unknown>): Promise<Invitation | undefined> {
    const row = await this.readRow(sql<InvitationRow>`${statement}`);
    return row && toInvitation(row);
  }
}
