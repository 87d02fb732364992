import { existsSync } from "node:fs";
import { Command } from "commander";
import * as z from "zod";
import type { SettingsInput } from "../../server/settings.ts";
import { localAction } from "../action.ts";
import { EXIT } from "../exit-codes.ts";
import type { Environment } from "../global-options.ts";
import type { Interrupts } from "../interrupts.ts";
import { integer, text } from "../options.ts";
import { findUnknownVariables, type RunningServer, readSettings, startServer } from "../start-server.ts";
import type { CommandHandler, LocalContext, Tools } from "../tools.ts";

const ServeOptions = z.object({
  port: integer(0, 65_535).optional(),
  host: text.optional(),
  dataDir: text.optional(),
  databaseUrl: text.optional(),
  redisUrl: text.optional(),
  logLevel: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).optional(),
  migrate: z.boolean().default(true),
  dashboard: z.boolean().default(true),
  printSettings: z.boolean().default(false),
});
/** What `serve` is asked. */
export type ServeOptions = z.infer<typeof ServeOptions>;

/** `joblib serve`. */
export const serveCommand = (tools: Tools, run: CommandHandler<LocalContext, ServeOptions> = serve) =>
  new Command("serve")
    .description(
      "Run a server. Without configuration it keeps its data in .joblib and serves this machine alone; with JOBLIB_JWT_SECRET or JOBLIB_JWKS_URL it asks for tokens and may listen to others.",
    )
    .option("--port <port>", "JOBLIB_PORT; 7800, 0 for any that is free")
    .option("--host <host>", "JOBLIB_HOST; 127.0.0.1")
    .option("--data-dir <directory>", "of the embedded database: JOBLIB_DATA_DIR; .joblib")
    .option("--database-url <url>", "a PostgreSQL instead of the embedded one: JOBLIB_DATABASE_URL")
    .option("--redis-url <url>", "for several servers on one database: JOBLIB_REDIS_URL")
    .option("--log-level <level>", "JOBLIB_LOG_LEVEL; info, on a terminal warn")
    .option("--no-migrate", "leave the database as it is (see joblib migrate)")
    .option("--no-dashboard", "the API alone: JOBLIB_DASHBOARD=false")
    .option("--print-settings", "print the settings without their secrets, and end")
    .addHelpText(
      "after",
      `
Every other setting is a JOBLIB_* variable; --print-settings lists them all.
SIGTERM, Ctrl-C, SIGHUP and SIGQUIT end it: waiting requests are answered, then
it exits with 0. Output that cannot be written is dropped.

Examples:
  $ joblib serve
  $ JOBLIB_JWT_SECRET=… joblib serve --host 0.0.0.0 \\
      --database-url postgres://joblib@db/joblib --redis-url redis://cache`,
    )
    .action(localAction(tools, ServeOptions, run));

const settingsOf = ({
  port,
  host,
  dataDir,
  databaseUrl,
  redisUrl,
  logLevel,
  dashboard,
}: ServeOptions): SettingsInput => ({
  port,
  host,
  dataDir,
  databaseUrl,
  redisUrl,
  logLevel,
  // Not said, it is the environment's.
  dashboard: dashboard ? undefined : false,
});

/** To a person the log's lines of JSON are noise, but for warnings; `--log-level` and JOBLIB_LOG_LEVEL decide first. */
const quietOnTerminal = (env: Environment, isWatched: boolean): Environment =>
  isWatched ? { ...env, JOBLIB_LOG_LEVEL: env["JOBLIB_LOG_LEVEL"] || "warn" } : env;

/** Serves until it is asked to stop. */
export const serve: CommandHandler<LocalContext, ServeOptions> = async (context, options) => {
  const { io, env } = context;
  using interrupts = context.interrupts();
  const settings = await readSettings(quietOnTerminal(env, io.isWatched), settingsOf(options));
  for (const name of await findUnknownVariables(env))
    io.note(`${name} is no setting of joblib: it changes nothing`, "bad");
  if (options.printSettings) {
    const { redactSettings, Settings: Known } = await import("../../server/settings.ts");
    const names = Object.keys(Known.shape);
    io.result(redactSettings(settings), (shown) => names.map((name) => settingLine(name, shown)).join("\n"));
    return EXIT.fine;
  }
  context.outliveOutput();

  if (settings.database_url === undefined && !existsSync(settings.data_dir)) {
    io.note(`making a database in ${settings.data_dir}: a few seconds, this once`, "dim");
  }
  const server = await startServer(settings, { migrate: options.migrate });
  io.result({ url: server.url }, ({ url }) => `joblib listens at ${url}`);
  // Awaited here: what is returned unawaited outlives `using`, and nobody would listen.
  return await waitUntilStopped(server, interrupts);
};

/** As a line of an environment file; what is not set is a comment. */
const settingLine = (name: string, { [name]: value }: Readonly<Record<string, unknown>>): string => {
  const variable = `JOBLIB_${name.toUpperCase()}`;
  return value === undefined ? `# ${variable} is not set` : `${variable}=${String(value)}`;
};

/** Closes at the first wish; at the second it does not wait for that. */
const waitUntilStopped = async (server: RunningServer, { first, second }: Interrupts) => {
  if (!first.aborted) await once(first);
  const isClosed = await Promise.race([server.close().then(() => true), once(second).then(() => false)]);
  return isClosed ? EXIT.fine : EXIT.interrupted;
};

const once = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
