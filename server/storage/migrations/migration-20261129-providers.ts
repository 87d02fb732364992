import { JoblibMigration } from "./joblib-migration.ts";

/** Creates the tables of providers and of the workers that serve them. Locks `worker` for milliseconds, to add a foreign key. */
export class Migration20261129Providers extends JoblibMigration {
  override readonly name = "joblib-20261129-providers";

  protected override statements(): readonly string[] {
    return [
      `create table joblib.provider (
        id uuid not null primary key,
        room_id text not null,
        category text not null,
        name text not null,
        schema json not null,
        schema_hash text not null,
        content_type text not null,
        description text,
        created_at timestamptz not null default now(),
        last_worker_at timestamptz not null default now()
      )`,
      "create unique index provider_address on joblib.provider (room_id, category, name)",
      `create table joblib.worker_provider (
        worker_id uuid not null references joblib.worker (id) on delete cascade,
        provider_id uuid not null references joblib.provider (id) on delete cascade,
        primary key (worker_id, provider_id)
      )`,
      "create index worker_provider_provider on joblib.worker_provider (provider_id)",
    ];
  }
}
