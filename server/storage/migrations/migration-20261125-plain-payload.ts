import { JoblibMigration } from "./joblib-migration.ts";

/**
 * Stores payloads as `json`, because the server only passes them on. PostgreSQL keeps the text of a `json`
 * value; formatting a `jsonb` value took half of the database's time for a claim of a task of 100 KB.
 * Rewrites the table under an exclusive lock.
 */
export class Migration20261125PlainPayload extends JoblibMigration {
  override readonly name = "joblib-20261125-plain-payload";

  protected override statements(): readonly string[] {
    return [`alter table joblib.task alter column payload type json using payload::text::json`];
  }
}
