import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../action.ts";
import type { Environment } from "../connect/global-options.ts";
import { integer, text } from "../connect/options.ts";
import { readSettings, startServer } from "../connect/start-server.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { LocalContext, Tools } from "../tools.ts";

const DevOptions = z.object({
  file: text,
  port: integer(0, 65_535).optional(),
  dataDir: text.default("memory://"),
  concurrency: integer(1, 1000).default(1),
});
type DevOptions = z.infer<typeof DevOptions>;

export function devCommand(tools: Tools) {
  return new Command("dev")
    .description(
      "Run a server and a worker in one process, and restart the worker when the file or one of its imports changes. Data is kept in memory. Jobs are registered in @global, visible in all rooms, unless --room is set.",
    )
    .argument(
      "<file>",
      "TypeScript or JavaScript file that exports Extension or Provider classes, such as ./extensions.ts",
    )
    .option("--port <port>", "port of the server; 0 for any free port (env: JOBLIB_PORT; default: 7800)")
    .option("--data-dir <directory>", "keep the data in this directory")
    .option("--concurrency <n>", "number of tasks to run at the same time, 1 to 1000 (default: 1)")
    .addHelpText(
      "after",
      `
Before a reload, running tasks are interrupted: their attempts fail. If the file
cannot be loaded, the previous version keeps running.

Examples:
  $ joblib dev ./extensions.ts
  $ joblib run public:modifiers:Rotate --angle 90 --wait   # in another terminal`,
    )
    .action(localAction(tools, DevOptions, develop));
}

/** Runs a server and a worker until the user interrupts the command. */
export async function develop(context: LocalContext, options: DevOptions): Promise<ExitCode> {
  const { io, env, global, watchUncaughtErrors } = context;
  using interrupts = context.interrupts();
  context.allowOutputLoss();
  const { file, port, dataDir, concurrency } = options;
  const [{ loadExtensions }, { runWithReload }] = await Promise.all([
    import("../worker/load-extensions.ts"),
    import("../worker/run-with-reload.ts"),
  ]);
  const loaded = await loadExtensions(file);
  const settings = await readSettings(devEnvironment(env), { port, dataDir });
  const server = await startServer(settings, { migrate: true });
  try {
    io.printResult({ url: server.url }, ({ url }) => `joblib is listening at ${url}`);
    const config = {
      url: server.url,
      rooms: global.room,
      public: global.room.length === 0,
      keepConsole: true,
    };
    await runWithReload({ io, file, config, concurrency, interrupts, watchUncaughtErrors, loaded });
  } finally {
    await server.close();
  }
  return interrupts.second.aborted ? EXIT.interrupted : EXIT.ok;
}

/**
 * Returns the environment without the settings of a production server: database, Redis, tokens and
 * host. The default log level is `warn`.
 */
function devEnvironment(env: Environment): Environment {
  return {
    ...env,
    JOBLIB_DATABASE_URL: undefined,
    JOBLIB_REDIS_URL: undefined,
    JOBLIB_JWT_SECRET: undefined,
    JOBLIB_JWKS_URL: undefined,
    JOBLIB_HOST: undefined,
    JOBLIB_LOG_LEVEL: env["JOBLIB_LOG_LEVEL"] || "warn",
  };
}
