import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../action.ts";
import { text } from "../connect/options.ts";
import { readSettings, runMigrations } from "../connect/start-server.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { LocalContext, Tools } from "../tools.ts";

const MigrateOptions = z.object({
  dataDir: text.optional(),
  databaseUrl: text.optional(),
  check: z.boolean().default(false),
});
type MigrateOptions = z.infer<typeof MigrateOptions>;

export function migrateCommand(tools: Tools) {
  return new Command("migrate")
    .description(
      "Apply pending database migrations and print their names. `joblib serve` also applies them at startup. Concurrent runs are safe.",
    )
    .option(
      "--data-dir <directory>",
      "directory of the embedded database (env: JOBLIB_DATA_DIR; default: .joblib)",
    )
    .option("--database-url <url>", "URL of a PostgreSQL database (env: JOBLIB_DATABASE_URL)")
    .option("--check", "only print pending migrations; exit with 7 if there are any")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib migrate --database-url postgres://joblib@db/joblib
  $ joblib migrate --check || echo "migrate first"`,
    )
    .action(localAction(tools, MigrateOptions, migrateDatabase));
}

/** Applies the pending migrations. With `--check`, only prints them. */
export async function migrateDatabase({ io, env }: LocalContext, options: MigrateOptions): Promise<ExitCode> {
  const { check, dataDir, databaseUrl } = options;
  const settings = await readSettings(env, { dataDir, databaseUrl });
  const names = await runMigrations(settings, check);
  const formatNames = (list: readonly string[]) => (list.length === 0 ? "up to date" : list.join("\n"));
  if (!check) {
    io.printResult({ applied: names }, ({ applied }) => formatNames(applied));
    return EXIT.ok;
  }
  io.printResult({ pending: names }, ({ pending }) => formatNames(pending));
  return names.length === 0 ? EXIT.ok : EXIT.conflict;
}
