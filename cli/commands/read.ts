import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import * as z from "zod";
import type { ProviderAnswer } from "../../sdk/http/providers.ts";
import { clientAction } from "../action.ts";
import { getJobRoom } from "../connect/room.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { UsageError } from "../io/errors.ts";
import { escapeText } from "../io/sanitize.ts";
import type { ClientContext, Tools } from "../tools.ts";

const ReadOptions = z.object({
  provider: z.string(),
  parameters: z.array(z.string()),
  wait: z.coerce.number({ error: "must be a number of seconds" }).min(0).max(3600).optional(),
  output: z.string().min(1).optional(),
});
type ReadOptions = z.infer<typeof ReadOptions>;

export function readCommand(tools: Tools) {
  return new Command("read")
    .description(
      "Read data that a worker serves (from a provider). The answer comes from a worker of the provider, or from the server's cache.",
    )
    .argument("<provider>", "full name of the provider, such as private:files:Directory")
    .argument("[parameters...]", "parameters as name=value; repeat a name for a list")
    .option("--wait <seconds>", "maximum time to wait for the answer (default: 10)")
    .option("-o, --output <file>", "write the answer to a file; required for binary answers")
    .addHelpText(
      "after",
      `
The exit code is 1 if the provider failed, 6 if it has no data for the
parameters, 8 if it did not answer in time, and 11 if no worker of the provider
is online.

Examples:
  $ joblib read private:files:Directory --room lab
  $ joblib read private:files:Frame path=md.xyz index=3 --room lab -o frame.xyz`,
    )
    .action(clientAction(tools, ReadOptions, readFromProvider));
}

/** Reads data from a provider, and prints the answer or writes it to a file. */
export async function readFromProvider(
  { client, io, global, signal }: ClientContext,
  { provider, parameters, wait, output }: ReadOptions,
): Promise<ExitCode> {
  const room = getJobRoom(provider, global.room, "provider");
  const params = parseParameters(parameters);
  const answer = await client.providers.read(room, provider, params, { wait, signal });
  if (output !== undefined) {
    await pipeline(Readable.from(answer.body), createWriteStream(output), { signal });
    io.printNote(`wrote ${output}`);
    return EXIT.ok;
  }
  const text = await readText(answer);
  const isTerminal = io.width !== undefined;
  io.printDocument(isTerminal ? `${escapeText(text).trimEnd()}\n` : text);
  return EXIT.ok;
}

/**
 * Parses `name=value` arguments. The server converts the values to the types in the provider's
 * schema.
 */
function parseParameters(parameters: readonly string[]): Record<string, string | string[]> {
  const values = new Map<string, string[]>();
  for (const parameter of parameters) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(parameter) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(`invalid parameter "${parameter}". Expected name=value, such as index=3.`);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return Object.fromEntries(
    [...values].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? "") : all]),
  );
}

const TEXT = /^(?:text\/|chemical\/|application\/(?:[\w.+-]+\+)?(?:json|xml)\b)/i;

async function readText(answer: ProviderAnswer): Promise<string> {
  if (TEXT.test(answer.contentType)) return answer.text();
  throw new UsageError(`the answer is binary (${answer.contentType}). Pass --output to write it to a file.`);
}
