import { JoblibMigration } from "./joblib-migration.ts";

/**
 * Adds a column for the trace context of the submitter. A null takes only one bit per row. The table is
 * locked only while the catalog is updated.
 */
export class Migration20261125TraceContext extends JoblibMigration {
  override readonly name = "joblib-20261125-trace-context";

  protected override statements(): readonly string[] {
    return [`alter table joblib.task add column trace_context jsonb`];
  }
}
