import { JoblibMigration } from "./joblib-migration.ts";

/**
 * A drained worker has no links to jobs, so that claims need no condition for draining. The new column stores
 * the jobs that the worker was linked to. Adding a column without a default does not rewrite the table and
 * locks it only for the statement.
 */
export class Migration20261125Draining extends JoblibMigration {
  override readonly name = "joblib-20261125-draining";

  protected override statements(): readonly string[] {
    return [`alter table joblib.worker add column drained_jobs jsonb`];
  }
}
