import { once } from "node:events";
import { existsSync } from "node:fs";
import { Command } from "commander";
import * as z from "zod";
import type { SettingsInput } from "../../server/settings/settings.ts";
import { localAction } from "../action.ts";
import type { Environment } from "../connect/global-options.ts";
import { integer, text } from "../connect/options.ts";
import {
  findUnknownVariables,
  type RunningServer,
  readSettings,
  startServer,
} from "../connect/start-server.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { LocalContext, Tools } from "../tools.ts";
import type { Interrupts } from "../worker/interrupts.ts";

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const ServeOptions = z.object({
  port: integer(0, 65_535).optional(),
  host: text.optional(),
  dataDir: text.optional(),
  databaseUrl: text.optional(),
  redisUrl: text.optional(),
  logLevel: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(", ")}` }).optional(),
  migrate: z.boolean().default(true),
  dashboard: z.boolean().default(true),
  printSettings: z.boolean().default(false),
});
type ServeOptions = z.infer<typeof ServeOptions>;

export function serveCommand(tools: Tools) {
  return new Command("serve")
    .description(
      "Run a server. By default it stores its data in .joblib and accepts only connections from this machine. With JOBLIB_JWT_SECRET or JOBLIB_JWKS_URL it requires tokens and can listen on other interfaces.",
    )
    .option("--port <port>", "port; 0 for any free port (env: JOBLIB_PORT; default: 7800)")
    .option("--host <host>", "interface to listen on (env: JOBLIB_HOST; default: 127.0.0.1)")
    .option(
      "--data-dir <directory>",
      "directory of the embedded database (env: JOBLIB_DATA_DIR; default: .joblib)",
    )
    .option("--database-url <url>", "use a PostgreSQL database instead (env: JOBLIB_DATABASE_URL)")
    .option("--redis-url <url>", "Redis, needed if several servers share a database (env: JOBLIB_REDIS_URL)")
    .option("--log-level <level>", "log level (env: JOBLIB_LOG_LEVEL; default: info; on a terminal: warn)")
    .option("--no-migrate", "do not apply database migrations at startup")
    .option("--no-dashboard", "serve only the API (env: JOBLIB_DASHBOARD=false)")
    .option("--print-settings", "print the settings without secrets, and exit")
    .addHelpText(
      "after",
      `
All other settings are JOBLIB_* variables: --print-settings lists them, and
docs/settings.md describes them.

Ctrl-C, SIGTERM, SIGHUP and SIGQUIT stop the server: it completes open requests,
then exits with code 0.

If stdout or stderr is closed or blocked, the server keeps running and discards
log lines.

Examples:
  $ joblib serve
  $ JOBLIB_JWT_SECRET=… joblib serve --host 0.0.0.0 \\
      --database-url postgres://joblib@db/joblib --redis-url redis://cache`,
    )
    .action(localAction(tools, ServeOptions, serve));
}

/** Runs the server until a signal stops it. */
export async function serve(context: LocalContext, options: ServeOptions): Promise<ExitCode> {
  const { io, env } = context;
  using interrupts = context.interrupts();
  const settings = await readSettings(applyLogLevelDefault(env, io.isInteractive), toSettingsInput(options));
  for (const name of await findUnknownVariables(env))
    io.printNote(
      `ignoring unknown setting ${name}. Run \`joblib serve --print-settings\` to list the settings.`,
      "error",
    );
  if (options.printSettings) {
    const { redactSettings, Settings: Known } = await import("../../server/settings/settings.ts");
    const names = Object.keys(Known.shape);
    io.printResult(redactSettings(settings), (redacted) =>
      names.map((name) => formatSetting(name, redacted)).join("\n"),
    );
    return EXIT.ok;
  }
  context.allowOutputLoss();

  if (settings.database_url === undefined && !existsSync(settings.data_dir)) {
    io.printNote(`creating a database in ${settings.data_dir}`, "dim");
  }
  const server = await startServer(settings, { migrate: options.migrate });
  io.printResult({ url: server.url }, ({ url }) => `joblib is listening at ${url}`);
  // Without `await`, `using` would remove the signal handlers before the server has stopped.
  return await waitUntilStopped(server, interrupts);
}

function toSettingsInput({
  port,
  host,
  dataDir,
  databaseUrl,
  redisUrl,
  logLevel,
  dashboard,
}: ServeOptions): SettingsInput {
  return {
    port,
    host,
    dataDir,
    databaseUrl,
    redisUrl,
    logLevel,
    // Without --no-dashboard, the environment decides whether the dashboard is served.
    dashboard: dashboard ? undefined : false,
  };
}

/** Sets the default log level to warn on a terminal, because JSON lines are hard to read there. */
function applyLogLevelDefault(env: Environment, isInteractive: boolean): Environment {
  return isInteractive ? { ...env, JOBLIB_LOG_LEVEL: env["JOBLIB_LOG_LEVEL"] || "warn" } : env;
}

/**
 * Formats a setting as a line of an environment file. A setting without a value becomes a comment.
 */
function formatSetting(name: string, { [name]: value }: Readonly<Record<string, unknown>>): string {
  const variable = `JOBLIB_${name.toUpperCase()}`;
  return value === undefined ? `# ${variable} is not set` : `${variable}=${String(value)}`;
}

/**
 * Closes the server after the first stop signal. Returns after the second one, even if the server
 * is not closed yet.
 */
async function waitUntilStopped(server: RunningServer, { first, second }: Interrupts) {
  if (!first.aborted) await once(first, "abort");
  const isClosed = await Promise.race([
    server.close().then(() => true),
    once(second, "abort").then(() => false),
  ]);
  return isClosed ? EXIT.ok : EXIT.interrupted;
}
