import { JoblibMigration } from "./joblib-migration.ts";

/**
 * Creates the table of task outputs. Rows are deleted with their task. `number` is the number of the first part of a
 * row, `next` the number after its last part, and `bytes` the size of the attempt's output up to the end of the row.
 */
export class Migration20261129TaskOutput extends JoblibMigration {
  override readonly name = "joblib-20261129-task-output";

  protected override statements(): readonly string[] {
    return [
      `create table joblib.task_output (
        task_id uuid not null,
        attempt integer not null,
        number integer not null,
        next integer not null,
        bytes bigint not null,
        parts json not null,
        primary key (task_id, attempt, number)
      )`,
    ];
  }
}
