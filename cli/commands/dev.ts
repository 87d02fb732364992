import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../action.ts";
import { EXIT } from "../exit-codes.ts";
import type { Environment } from "../global-options.ts";
import { integer, text } from "../options.ts";
import { readSettings, startServer } from "../start-server.ts";
import type { CommandHandler, LocalContext, Tools } from "../tools.ts";

const DevOptions = z.object({
  file: text,
  port: integer(0, 65_535).optional(),
  dataDir: text.default("memory://"),
  concurrency: integer(1, 1000).default(1),
});
/** What `dev` is asked. */
export type DevOptions = z.infer<typeof DevOptions>;

/** `joblib dev <file>`. */
export const devCommand = (tools: Tools, run: CommandHandler<LocalContext, DevOptions> = develop) =>
  new Command("dev")
    .description(
      "Run a server and a worker for a file in one process, and start the worker anew whenever the file, or what it imports, changes. The data is in memory, and every job is public unless --room says otherwise.",
    )
    .argument("<file>", "the file, such as ./extensions.ts")
    .option("--port <port>", "JOBLIB_PORT; 7800, 0 for any that is free")
    .option("--data-dir <directory>", "keep the data there")
    .option("--concurrency <n>", "how many tasks at a time, 1 to 1000 (1)")
    .addHelpText(
      "after",
      `
A reload fails what is running as interrupted. A file that cannot be loaded
leaves the worker as it is.

Example:
  $ joblib dev ./extensions.ts
  $ joblib run public:modifiers:Rotate --angle 90 --wait   # in another terminal`,
    )
    .action(localAction(tools, DevOptions, run));

/** Of the environment, what is not about where the real data is and who may use it. */
const devEnvironment = (env: Environment): Environment => ({
  ...env,
  JOBLIB_DATABASE_URL: undefined,
  JOBLIB_REDIS_URL: undefined,
  JOBLIB_JWT_SECRET: undefined,
  JOBLIB_JWKS_URL: undefined,
  JOBLIB_HOST: undefined,
  JOBLIB_LOG_LEVEL: env["JOBLIB_LOG_LEVEL"] || "warn",
});

/** Serves and works until it is asked to stop. */
export const develop: CommandHandler<LocalContext, DevOptions> = async (context, options) => {
  const { io, env, global, strays } = context;
  using interrupts = context.interrupts();
  context.outliveOutput();
  const { file, port, dataDir, concurrency } = options;
  const [{ loadExtensions }, { workAndReload }] = await Promise.all([
    import("../load-extensions.ts"),
    import("../run-with-reload.ts"),
  ]);
  const loaded = await loadExtensions(file);
  const settings = await readSettings(devEnvironment(env), { port, dataDir });
  const server = await startServer(settings, { migrate: true });
  try {
    io.result({ url: server.url }, ({ url }) => `joblib listens at ${url}`);
    const place = {
      url: server.url,
      rooms: global.room,
      public: global.room.length === 0,
      keepConsole: true,
    };
    await workAndReload({ io, file, place, concurrency, interrupts, strays, loaded });
  } finally {
    await server.close();
  }
  return interrupts.second.aborted ? EXIT.interrupted : EXIT.fine;
};
