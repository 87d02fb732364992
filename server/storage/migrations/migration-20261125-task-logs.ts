import { JoblibMigration } from "./joblib-migration.ts";

/** Creates the table of task logs. Rows are deleted with their task. */
export class Migration20261125TaskLogs extends JoblibMigration {
  override readonly name = "joblib-20261125-task-logs";

  protected override statements(): readonly string[] {
    return [
      `create table joblib.task_log (
        task_id uuid not null,
        attempt integer not null,
        number integer not null,
        at timestamptz not null,
        level text not null,
        text text not null,
        primary key (task_id, attempt, number)
      )`,
    ];
  }
}
