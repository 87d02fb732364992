import { setTimeout as delay } from "node:timers/promises";
import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../action.ts";
import { integer, seconds, text } from "../connect/options.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { Io } from "../io/output.ts";
import type { CommandHandler, LocalContext, Tools } from "../tools.ts";
import { type Interrupts, SAME_REQUEST_MS } from "../worker/interrupts.ts";

const WorkerOptions = z.object({
  file: text,
  public: z.boolean().default(false),
  concurrency: integer(1, 1000).default(1),
  name: text.max(255, { error: "must be at most 255 characters" }).optional(),
  keepConsole: z.boolean().optional(),
  pollInterval: seconds(0.05, 3600).optional(),
});
export type WorkerOptions = z.infer<typeof WorkerOptions>;

export function workerCommand(tools: Tools, run: CommandHandler<LocalContext, WorkerOptions> = runWorker) {
  return new Command("worker")
    .description(
      "Register every exported class that extends Extension and run its tasks, and serve every exported class that extends Provider. If the file exports `context` (a value, or a function that returns one), joblib passes that value to the `run` method of each extension and the `read` method of each provider.",
    )
    .argument(
      "<file>",
      "TypeScript or JavaScript file that exports Extension or Provider classes, such as ./extensions.ts",
    )
    .option("--public", "register public jobs: jobs in @global, visible in all rooms (admins only)")
    .option("--concurrency <n>", "number of tasks to run at the same time, 1 to 1000 (default: 1)")
    .option("--name <name>", "display name of the worker (default: host:pid)")
    .option("--keep-console", "store the console output of tasks in their logs")
    .option(
      "--poll-interval <seconds>",
      "time between claims if the server does not support long polls (default: 2)",
    )
    .addHelpText(
      "after",
      `
Set the rooms of the jobs with --room (repeatable), JOBLIB_ROOM or --public. A
class overrides these options with \`static room\` or \`static public\`.

If the server is not reachable yet, the worker prints a note and waits for it.

Ctrl-C, SIGTERM, SIGHUP and SIGQUIT drain the worker: running tasks finish, then
it exits with code 0. A second Ctrl-C or SIGTERM interrupts them: their attempts
fail, and the exit code is 130.

Examples:
  $ joblib worker ./extensions.ts --public
  $ joblib worker ./extensions.ts --room lab --room office --concurrency 4`,
    )
    .action(localAction(tools, WorkerOptions, run));
}

/** Runs the worker until it is interrupted or drained. */
export async function runWorker(context: LocalContext, options: WorkerOptions): Promise<ExitCode> {
  const { io, global } = context;
  using interrupts = context.interrupts();
  context.allowOutputLoss();
  // Imported on demand, so that `joblib worker --help` does not load the SDK.
  const [{ loadExtensions }, { createManager, registerJobs, stopOnUncaughtError, runTasks }] =
    await Promise.all([import("../worker/load-extensions.ts"), import("../worker/run-tasks.ts")]);
  const { url, token, room: rooms } = global;
  const config = {
    url,
    token,
    rooms,
    public: options.public,
    name: options.name,
    keepConsole: options.keepConsole,
  };
  const loaded = await loadExtensions(options.file);
  const jobs = createManager(io, loaded, config);
  using uncaught = stopOnUncaughtError(context, jobs, loaded);

  try {
    await registerJobs(io, jobs, { ...loaded, config, signal: interrupts.first });
    reportDraining(io, interrupts);
    const { concurrency, pollInterval } = options;
    await runTasks(io, jobs, {
      concurrency,
      pollInterval,
      drain: interrupts.first,
      interrupt: AbortSignal.any([interrupts.second, uncaught.signal]),
    });
    uncaught.signal.throwIfAborted();
  } catch (error) {
    uncaught.signal.throwIfAborted();
    // The worker was interrupted before it was connected, so there is nothing to drain.
    if (error !== interrupts.first.reason) throw error;
  } finally {
    await jobs.dispose();
  }
  return interrupts.second.aborted ? EXIT.interrupted : EXIT.ok;
}

/**
 * Prints that the worker is draining, but only after SAME_REQUEST_MS: an earlier second signal
 * would not interrupt the worker, so the advice to interrupt again would be wrong.
 */
function reportDraining(io: Io, { first, second }: Interrupts): void {
  const print = async () => {
    await delay(SAME_REQUEST_MS, undefined, { ref: false });
    if (!second.aborted)
      io.printEvent(
        { event: "draining" },
        "draining: finishing the running tasks; interrupt again to stop now",
      );
  };
  first.addEventListener("abort", () => void print(), { once: true });
}
