import { JoblibMigration } from "./joblib-migration.ts";

/** Creates the table of late results. Rows are deleted with their task. */
export class Migration20261124LateResults extends JoblibMigration {
  override readonly name = "joblib-20261124-late-results";

  protected override statements(): readonly string[] {
    return [
      `create table joblib.late_result (
        task_id uuid not null,
        attempt integer not null,
        worker_id uuid not null,
        user_id text not null,
        result jsonb,
        received_at timestamptz not null default clock_timestamp(),
        primary key (task_id, attempt, worker_id)
      )`,
    ];
  }
}
