import { JoblibMigration } from "./joblib-migration.ts";

/** Adds the version of a worker's jobs, so that a claim can use the jobs that the server has read before. */
export class Migration20261129JobsVersion extends JoblibMigration {
  override readonly name = "joblib-20261129-jobs-version";

  protected override statements(): readonly string[] {
    return [`alter table joblib.worker add column jobs_version integer not null default 0`];
  }
}
