import { JoblibMigration } from "./joblib-migration.ts";

/**
 * Changes the index for claims so that 16 consecutive task numbers share one index key: see
 * `queue/queue-order.ts`. Does not rewrite the table. Submits wait while the index is built.
 */
export class Migration20261126QueuePlaces extends JoblibMigration {
  override readonly name = "joblib-20261126-queue-places";

  protected override statements(): readonly string[] {
    return [
      `alter table joblib.task add column in_turn boolean not null default false`,
      `update joblib.task set in_turn = true
        where status = 'pending' and job_id in (select id from joblib.job where fairness = 'room')`,
      `drop index joblib.task_due`,
      `create index task_due on joblib.task (
        job_id, priority desc, (case when in_turn then number else number & '-16'::bigint end), (case when in_turn then id end)
      ) where status = 'pending' and due`,
    ];
  }
}
