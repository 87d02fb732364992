import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { integer, PathId } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { ClientContext, Tools } from "../../tools.ts";

const AdoptOptions = z.object({ id: PathId, attempt: integer(1, 2_147_483_647).optional() });
type AdoptOptions = z.infer<typeof AdoptOptions>;

export function adoptCommand(tools: Tools) {
  return new Command("adopt")
    .description(
      "Complete a task with a late result. A result is late if the worker sent it after it had lost its lease on the task, for example because the server received no heartbeats. The server rejects a late result but stores it. Only the submitter and admins can adopt it.",
    )
    .argument("<id>", "task id")
    .option("--attempt <n>", "attempt of the late result (default: the most recent one)")
    .addHelpText("after", "\nExample:\n  $ joblib tasks adopt 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, AdoptOptions, adoptTask));
}

/**
 * Adopts a late result. If a worker has the lease of the task, it loses the lease. If the task is completed, the
 * server responds with a conflict.
 */
export async function adoptTask(
  { io, client, signal }: ClientContext,
  { id, attempt }: AdoptOptions,
): Promise<ExitCode> {
  const adopted = await client.tasks.adopt(id, attempt === undefined ? {} : { attempt }, { signal });
  io.printResult(adopted, (task) => `completed ${task.id} with a late result`);
  return EXIT.ok;
}
