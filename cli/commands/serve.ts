import { Command } from "commander";
import * as z from "zod";
import type { SettingsInput } from "../../server/settings.ts";
import { onOwn } from "../action.ts";
import { EXIT } from "../exit-codes.ts";
import type { Interrupts } from "../interrupts.ts";
import { integer } from "../options.ts";
import { type RunningServer, readSettings, startServer } from "../start-server.ts";
import type { LocalContext, Run, Tools } from "../tools.ts";

const ServeOptions = z.object({
  port: integer(0, 65_535).optional(),
  host: z.string().min(1).optional(),
  dataDir: z.string().min(1).optional(),
  databaseUrl: z.string().min(1).optional(),
  redisUrl: z.string().min(1).optional(),
  logLevel: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).optional(),
  migrate: z.boolean().default(true),
  printSettings: z.boolean().default(false),
});
/** What `serve` is asked. */
export type ServeOptions = z.infer<typeof ServeOptions>;

/** `joblib serve`. */
export const serveCommand = (tools: Tools, run: Run<LocalContext, ServeOptions> = serve) =>
  new Command("serve")
    .description(
      "Run a server. Without configuration it keeps its data in .joblib and serves this machine alone; with JOBLIB_JWT_SECRET or JOBLIB_JWKS_URL it asks for tokens and may listen to others.",
    )
    .option("--port <port>", "JOBLIB_PORT; 7800, 0 for any that is free")
    .option("--host <host>", "JOBLIB_HOST; 127.0.0.1")
    .option("--data-dir <directory>", "of the embedded database: JOBLIB_DATA_DIR; .joblib")
    .option("--database-url <url>", "a PostgreSQL instead of the embedded one: JOBLIB_DATABASE_URL")
    .option("--redis-url <url>", "for several servers on one database: JOBLIB_REDIS_URL")
    .option("--log-level <level>", "JOBLIB_LOG_LEVEL; info")
    .option("--no-migrate", "leave the database as it is (see joblib migrate)")
    .option("--print-settings", "print the settings without their secrets, and end")
    .addHelpText(
      "after",
      `
Every other setting is a JOBLIB_* variable; --print-settings lists them all.
SIGTERM or Ctrl-C ends it: waiting requests are answered, then it exits with 0.

Examples:
  $ joblib serve
  $ JOBLIB_JWT_SECRET=… joblib serve --host 0.0.0.0 --database-url postgres://joblib@db/joblib --redis-url redis://cache`,
    )
    .action(onOwn(tools, ServeOptions, run));

const settingsOf = ({
  port,
  host,
  dataDir,
  databaseUrl,
  redisUrl,
  logLevel,
}: ServeOptions): SettingsInput => ({
  port,
  host,
  dataDir,
  databaseUrl,
  redisUrl,
  logLevel,
});

/** Serves until it is asked to stop. */
export const serve: Run<LocalContext, ServeOptions> = async ({ io, env, interrupts: watch }, options) => {
  using interrupts = watch();
  const settings = await readSettings(env, settingsOf(options));
  if (options.printSettings) {
    const { redactSettings } = await import("../../server/settings.ts");
    io.result(redactSettings(settings), (shown) =>
      Object.entries(shown)
        .map(([name, value]) => `${name} = ${typeof value === "string" ? value : JSON.stringify(value)}`)
        .join("\n"),
    );
    return EXIT.fine;
  }

  const server = await startServer(settings, { migrate: options.migrate });
  io.result({ url: server.url }, ({ url }) => `joblib listens at ${url}`);
  // Awaited here: what is returned unawaited outlives `using`, and nobody would listen.
  return await untilStopped(server, interrupts);
};

/** Closes at the first wish; at the second it does not wait for that. */
const untilStopped = async (server: RunningServer, { first, second }: Interrupts) => {
  if (!first.aborted) await once(first);
  const isClosed = await Promise.race([server.close().then(() => true), once(second).then(() => false)]);
  return isClosed ? EXIT.fine : EXIT.interrupted;
};

const once = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
