import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../action.ts";
import { runMigrations } from "../database-migrations.ts";
import { EXIT } from "../exit-codes.ts";
import { text } from "../options.ts";
import { readSettings } from "../start-server.ts";
import type { CommandHandler, LocalContext, Tools } from "../tools.ts";

const MigrateOptions = z.object({
  dataDir: text.optional(),
  databaseUrl: text.optional(),
  check: z.boolean().default(false),
});
/** What `migrate` is asked. */
export type MigrateOptions = z.infer<typeof MigrateOptions>;

/** `joblib migrate`. */
export const migrateCommand = (
  tools: Tools,
  run: CommandHandler<LocalContext, MigrateOptions> = migrateDatabase,
) =>
  new Command("migrate")
    .description(
      "Apply the migrations that the database lacks, and print their names. `joblib serve` does it too; several at once do no harm.",
    )
    .option("--data-dir <directory>", "of the embedded database: JOBLIB_DATA_DIR; .joblib")
    .option("--database-url <url>", "the PostgreSQL: JOBLIB_DATABASE_URL")
    .option("--check", "apply nothing; exit with 7 where something is pending")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib migrate --database-url postgres://joblib@db/joblib
  $ joblib migrate --check || echo "migrate first"`,
    )
    .action(localAction(tools, MigrateOptions, run));

/** Applies what is pending, or only says it. */
export const migrateDatabase: CommandHandler<LocalContext, MigrateOptions> = async ({ io, env }, options) => {
  const { check, dataDir, databaseUrl } = options;
  const settings = await readSettings(env, { dataDir, databaseUrl });
  const names = await runMigrations(settings, check);
  const shown = (all: readonly string[]) => (all.length === 0 ? "up to date" : all.join("\n"));
  if (!check) {
    io.result({ applied: names }, ({ applied }) => shown(applied));
    return EXIT.fine;
  }
  io.result({ pending: names }, ({ pending }) => shown(pending));
  return names.length === 0 ? EXIT.fine : EXIT.conflict;
};
