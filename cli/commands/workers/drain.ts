import { Command } from "commander";
import { clientAction } from "../../action.ts";
import { IdOptions } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { formatCount } from "../../views/units.ts";

export function drainCommand(tools: Tools) {
  return new Command("drain")
    .description(
      "Drain a worker: it accepts no new tasks, finishes its current ones, and exits with code 0. Only its owner and admins can drain it.",
    )
    .argument("<id>", "worker id (see `joblib workers list`)")
    .addHelpText("after", "\nExample:\n  $ joblib workers drain 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, IdOptions, drainWorker));
}

/** Drains a worker, and prints how many tasks it still has to finish. */
export async function drainWorker(
  { io, client, signal }: ClientContext,
  { id }: IdOptions,
): Promise<ExitCode> {
  const worker = await client.workers.drain(id, { signal });
  io.printResult(worker, ({ name, task_count }) => {
    const rest =
      task_count === 0 ? "it has no tasks" : `it still has ${formatCount(task_count, "task")} to finish`;
    return `draining ${name ?? worker.id}; ${rest}`;
  });
  return EXIT.ok;
}
