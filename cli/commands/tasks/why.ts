import { Command } from "commander";
import { clientAction } from "../../action.ts";
import { IdOptions } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { wrap } from "../../io/text-width.ts";
import type { ClientContext, Tools } from "../../tools.ts";

export function whyCommand(tools: Tools) {
  return new Command("why")
    .description("Explain in one sentence (the diagnosis) why a task is not running, or what it is doing.")
    .argument("<id>", "task id")
    .addHelpText(
      "after",
      `
With --json, \`reason\` is one of not-due, retrying, job-removed, no-worker,
workers-busy, worker-idle, claimed, running and finished. job-removed means
that the server removed the job, because no worker is registered for it.
no-worker means that all its workers are offline or draining. worker-idle means
that a worker is free and should claim the task soon. The values in the
sentence, such as the queue position, are also separate fields.

Examples:
  $ joblib tasks why 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47
  $ joblib tasks why $ID --json | jq -r .reason`,
    )
    .action(clientAction(tools, IdOptions, showDiagnosis));
}

export async function showDiagnosis(
  { io, client, signal }: ClientContext,
  { id }: IdOptions,
): Promise<ExitCode> {
  const diagnosis = await client.tasks.diagnose(id, { signal });
  io.printResult(diagnosis, ({ sentence }) => (io.width === undefined ? sentence : wrap(sentence, io.width)));
  return EXIT.ok;
}
