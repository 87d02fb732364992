import { JoblibMigration } from "./joblib-migration.ts";

/**
 * Stores the text of a schema in addition to the `jsonb` value, which does not keep the order of members:
 * forms show their fields in the order of the schema. Existing jobs get the text at their next registration.
 * Adding a column without a default does not rewrite the table.
 */
export class Migration20261125WrittenSchema extends JoblibMigration {
  override readonly name = "joblib-20261125-written-schema";

  protected override statements(): readonly string[] {
    return [`alter table joblib.job add column written_schema json`];
  }
}
