import { setTimeout as delay } from "node:timers/promises";
import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../action.ts";
import { EXIT } from "../exit-codes.ts";
import { type Interrupts, SAME_REQUEST_MS } from "../interrupts.ts";
import type { Io } from "../io.ts";
import { integer, seconds, text } from "../options.ts";
import type { CommandHandler, LocalContext, Tools } from "../tools.ts";

const WorkerOptions = z.object({
  file: text,
  public: z.boolean().default(false),
  concurrency: integer(1, 1000).default(1),
  name: text.max(255, { error: "must be at most 255 characters" }).optional(),
  keepConsole: z.boolean().optional(),
  pollInterval: seconds(0.05, 3600).optional(),
});
/** What `worker` is asked. */
export type WorkerOptions = z.infer<typeof WorkerOptions>;

/** `joblib worker <file>`. */
export const workerCommand = (tools: Tools, run: CommandHandler<LocalContext, WorkerOptions> = runWorker) =>
  new Command("worker")
    .description(
      "Register every exported class that extends Extension, and run the tasks that come. The file is TypeScript or JavaScript; an exported `context`, a value or a function that makes one, is what `run` is given.",
    )
    .argument("<file>", "the file, such as ./extensions.ts")
    .option("--public", "register in @global, for all rooms (an admin's right)")
    .option("--concurrency <n>", "how many tasks at a time, 1 to 1000 (1)")
    .option("--name <name>", "a label for people (host:pid)")
    .option("--keep-console", "keep what a task prints by console with the task, for `joblib tasks logs`")
    .option("--poll-interval <seconds>", "between claims, where the server does not hold its answer (2)")
    .addHelpText(
      "after",
      `
Rooms come from --room (repeatable), JOBLIB_ROOM or --public; a class with
\`static room\` or \`static public\` says its own.
Ctrl-C, SIGTERM, SIGHUP and SIGQUIT let running tasks finish (exit 0); a second
Ctrl-C or SIGTERM fails them as interrupted (130).

Examples:
  $ joblib worker ./extensions.ts --public
  $ joblib worker ./extensions.ts --room lab --room office --concurrency 4`,
    )
    .action(localAction(tools, WorkerOptions, run));

/** Serves until it is asked to stop. */
export const runWorker: CommandHandler<LocalContext, WorkerOptions> = async (context, options) => {
  const { io, global } = context;
  using interrupts = context.interrupts();
  context.outliveOutput();
  // tsx and the user's own imports are loaded here and nowhere else.
  const [{ loadExtensions }, { announce, createManager, stopOnStray, work }] = await Promise.all([
    import("../load-extensions.ts"),
    import("../worker-tasks.ts"),
  ]);
  const { url, token, room: rooms } = global;
  const place = {
    url,
    token,
    rooms,
    public: options.public,
    name: options.name,
    keepConsole: options.keepConsole,
  };
  const loaded = await loadExtensions(options.file);
  const jobs = createManager(io, loaded, place);
  using stray = stopOnStray(context, jobs, loaded);

  try {
    await announce(io, jobs, { classes: loaded.classes, place });
    sayWhenDraining(io, interrupts);
    const { concurrency, pollInterval } = options;
    await work(io, jobs, {
      concurrency,
      pollInterval,
      drain: interrupts.first,
      interrupt: AbortSignal.any([interrupts.second, stray.signal]),
    });
    stray.signal.throwIfAborted();
  } finally {
    await jobs.dispose();
  }
  return interrupts.second.aborted ? EXIT.interrupted : EXIT.fine;
};

/** Said only once a second signal would be taken for a second wish. */
const sayWhenDraining = (io: Io, { first, second }: Interrupts): void => {
  const say = async () => {
    await delay(SAME_REQUEST_MS, undefined, { ref: false });
    if (!second.aborted)
      io.event({ event: "draining" }, "finishing what is running; interrupt again to stop now");
  };
  first.addEventListener("abort", () => void say(), { once: true });
};
