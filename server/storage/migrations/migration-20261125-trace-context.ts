import { JoblibMigration } from "./joblib-migration.ts";

/** Adds the trace context of the submitter. Null takes one bit per row. The table is locked only for the catalog update. */
export class Migration20261125TraceContext extends JoblibMigration {
  override readonly name = "joblib-20261125-trace-context";

  protected override statements(): readonly string[] {
    return [`alter table joblib.task add column trace_context jsonb`];
  }
}
