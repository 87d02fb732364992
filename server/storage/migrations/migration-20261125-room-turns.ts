import { JoblibMigration } from "./joblib-migration.ts";

/**
 * For jobs with room fairness: stores the number of the last task that each room has submitted, for each
 * priority. `tasks` is the number of tasks in that submit.
 */
export class Migration20261125RoomTurns extends JoblibMigration {
  override readonly name = "joblib-20261125-room-turns";

  protected override statements(): readonly string[] {
    return [
      `alter table joblib.job add column fairness text not null default 'fifo'
        constraint job_fairness check (fairness in ('fifo', 'room'))`,
      `create table joblib.room_turn (
        job_id uuid not null,
        room_id text not null,
        priority integer not null,
        number bigint not null,
        tasks integer not null,
        primary key (job_id, room_id, priority)
      )`,
    ];
  }
}
