import { JoblibMigration } from "./joblib-migration.ts";

/** Where a task's submitter stood in a trace. Null costs a bit of the row; the lock lasts as long as the catalogue's change. */
export class Migration20261125TraceContext extends JoblibMigration {
  override readonly name = "joblib-20261125-trace-context";

  protected override statements(): readonly string[] {
    return [`alter table joblib.task add column trace_context jsonb`];
  }
}
