import { JoblibMigration } from "./joblib-migration.ts";

/**
 * A worker that is drained has no links any more, so that the claim need not know of it: which jobs it was linked to
 * is kept with it. A column without a default is added without a rewrite; its lock lasts no longer than the statement.
 */
export class Migration20261125Draining extends JoblibMigration {
  override readonly name = "joblib-20261125-draining";

  protected override statements(): readonly string[] {
    return [`alter table joblib.worker add column drained_jobs jsonb`];
  }
}
