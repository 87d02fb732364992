import { JoblibMigration } from "./joblib-migration.ts";

/**
 * The lists' indexes move to a table that is never updated. Every step of a task changes a column that some index of
 * `task` is made on, so each of its indexes takes a new entry: with the two of the lists a step took 76 µs, without
 * them 36 (20,000 tasks, 100 to a statement). A foreign key took 6 of the 26 µs of an insert, for a lock that the
 * insert takes itself, on jobs that are never deleted.
 */
export class Migration20261124Places extends JoblibMigration {
  override readonly name = "joblib-20261124-places";

  protected override statements(): readonly string[] {
    return [
      `create table joblib.task_place (
        task_id uuid not null,
        room_id text not null,
        job_id uuid not null,
        created_at timestamptz not null
      )`,
      `insert into joblib.task_place select id, room_id, job_id, created_at from joblib.task`,
      `alter table joblib.task_place add primary key (room_id, created_at, task_id)`,
      `create index task_place_job on joblib.task_place (job_id, room_id, created_at, task_id)`,
      `drop index joblib.task_of_room`,
      `drop index joblib.task_of_job`,
      `alter table joblib.task drop constraint task_job_id_fkey`,
      // 50, 85 and 100 made no difference to a step beyond the noise: each moves the row to another page's indexes.
      `alter table joblib.task reset (fillfactor)`,
    ];
  }
}
