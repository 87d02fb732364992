import { JoblibMigration } from "./joblib-migration.ts";

/**
 * `jsonb` keeps no order of members, and a form has its fields in the order in which their author wrote them: the text of
 * the schema is kept beside it, from the next registration on. A column without a default is added without a rewrite.
 */
export class Migration20261125WrittenSchema extends JoblibMigration {
  override readonly name = "joblib-20261125-written-schema";

  protected override statements(): readonly string[] {
    return [`alter table joblib.job add column written_schema json`];
  }
}
