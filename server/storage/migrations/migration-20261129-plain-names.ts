import { JoblibMigration } from "./joblib-migration.ts";

/**
 * Renames tables, columns, constraints and indexes to the terms of the documentation. Changes only the catalog, so it takes
 * milliseconds. Servers of earlier versions fail until they are restarted with this version.
 */
export class Migration20261129PlainNames extends JoblibMigration {
  override readonly name = "joblib-20261129-plain-names";

  protected override statements(): readonly string[] {
    return [
      `alter table joblib.task rename column hold_ended_worker_id to ended_lease_worker_id`,
      `alter table joblib.task rename column hold_ended_reason to ended_lease_reason`,
      `alter table joblib.task rename column in_turn to numbered_by_room`,
      `alter table joblib.task rename constraint task_hold_ended_reason_check to task_ended_lease_reason_check`,
      `alter table joblib.task rename constraint task_held_has_worker to task_leased_has_worker`,
      `alter index joblib.task_held rename to task_leased`,
      `alter table joblib.task_place rename to task_listing`,
      `alter table joblib.task_listing rename constraint task_place_pkey to task_listing_pkey`,
      `alter index joblib.task_place_job rename to task_listing_job`,
      `alter table joblib.room_turn rename to room_queue`,
      `alter table joblib.room_queue rename constraint room_turn_pkey to room_queue_pkey`,
    ];
  }
}
