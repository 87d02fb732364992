import { RouteNotFoundError } from "../../sdk/errors.ts";
import type { ClientContext } from "../tools.ts";
import type { OutputPrinter } from "../views/output-printer.ts";

/**
 * Prints the output of a task until the task ends or the signal is aborted. Calls `onStart` before
 * the first part. If the server is too old to store outputs, prints nothing.
 */
export async function printOutput(
  { client }: Pick<ClientContext, "client">,
  id: string,
  {
    printer,
    signal,
    onStart,
  }: {
    readonly printer: OutputPrinter;
    readonly signal: AbortSignal;
    readonly onStart: () => void;
  },
): Promise<void> {
  const onAttempt = (attempt: number) => printer.startAttempt(attempt);
  try {
    for await (const part of client.tasks.output(id, { signal, onAttempt })) {
      if (!printer.hasPrinted) onStart();
      printer.print(part);
    }
  } catch (error) {
    if (!signal.aborted && !(error instanceof RouteNotFoundError)) throw error;
  } finally {
    printer.closeLine();
  }
}
