import { JoblibMigration } from "./joblib-migration.ts";

/** Creates the table of temporary invitations to rooms. It stays small: each insert deletes expired rows. */
export class Migration20261125Invitations extends JoblibMigration {
  override readonly name = "joblib-20261125-invitations";

  protected override statements(): readonly string[] {
    return [
      `create table joblib.invitation (
        id uuid not null primary key,
        room_id text not null,
        jobs jsonb,
        note text,
        created_by_id text not null,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        revoked_at timestamptz
      )`,
      "create index invitation_of_room on joblib.invitation (room_id, created_at desc, id desc)",
    ];
  }
}
