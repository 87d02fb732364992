import { JoblibMigration } from "./joblib-migration.ts";

/**
 * A payload is only passed on, and the text of a `json` is there as it was sent: making it of a `jsonb` took half of
 * what a claim of a task of 100 KB costs the database. The table is written anew, and locked while that lasts.
 */
export class Migration20261125PlainPayload extends JoblibMigration {
  override readonly name = "joblib-20261125-plain-payload";

  protected override statements(): readonly string[] {
    return [`alter table joblib.task alter column payload type json using payload::text::json`];
  }
}
