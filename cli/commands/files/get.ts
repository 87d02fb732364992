import { open, rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Command } from "commander";
import * as z from "zod";
import { JoblibError } from "../../../sdk/errors.ts";
import type { RemoteFile } from "../../../sdk/files/remote-file.ts";
import { clientAction } from "../../action.ts";
import { text } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { getErrorReason, UsageError } from "../../io/errors.ts";
import { openTransferDisplay } from "../../io/transfer-display.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { formatSize } from "../../views/units.ts";

const GetOptions = z.object({
  reference: text,
  output: text.optional(),
  force: z.boolean().default(false),
});
type GetOptions = z.infer<typeof GetOptions>;

export function getCommand(tools: Tools) {
  return new Command("get")
    .description(
      "Download a file, and verify its SHA-256. An interrupted download continues where it stopped.",
    )
    .argument("<reference>", "reference of the file, files/<id>, or its id")
    .option(
      "-o, --output <path>",
      "path of the new file; - writes to stdout (default: the name of the file, in the current directory)",
    )
    .option("--force", "replace an existing file")
    .addHelpText(
      "after",
      `
An existing file is not replaced without --force. The new file appears under its
path only when it is complete. With --output -, the exit code is 11 if the bytes
that were written do not have the SHA-256 of the file.

Examples:
  $ joblib files get files/0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47
  $ joblib files get $ID --output water.xyz --force
  $ joblib files get $ID --output - | head`,
    )
    .action(clientAction(tools, GetOptions, downloadFile));
}

/** Downloads a file to a path, or to stdout. */
export async function downloadFile(
  context: ClientContext,
  { reference, output, force }: GetOptions,
): Promise<ExitCode> {
  const { io, client, signal, writeContent } = context;
  if (output === "-" && io.width !== undefined)
    throw new UsageError("files are not printed on a terminal. Pipe stdout, or pass a path to --output.");
  const file = await client.files.open(reference, { signal });
  if (output === "-") {
    await writeContent(file.stream({ signal }));
    return EXIT.ok;
  }
  const path = output ?? getDefaultPath(file.name);
  await saveFile(context, file, { path, force });
  if (io.json) {
    const { name, mediaType: media_type, size } = file;
    io.printResult({ reference: file.reference, path, name, media_type, size }, () => "");
  } else {
    io.printNote(`wrote ${path} (${formatSize(file.size)})`, "success");
  }
  return EXIT.ok;
}

/** Returns the name of a file as a path. The name comes from the server, and must not leave the directory. */
function getDefaultPath(name: string): string {
  if (name === basename(name) && !/^\.{0,2}$|[\\\p{Cc}]/u.test(name)) return name;
  throw new UsageError("the name of the file cannot be used as a path. Pass a path to --output.");
}

interface Target {
  readonly path: string;
  readonly force: boolean;
}

async function saveFile({ io, signal }: ClientContext, file: RemoteFile, target: Target): Promise<void> {
  const { path } = target;
  await reservePath(target);
  const display = await openTransferDisplay(io, { verb: "downloading", name: file.name, size: file.size });
  try {
    await file.save(path, { signal, onProgress: display.update });
  } catch (error) {
    if (!target.force) await rm(path, { force: true });
    throw error instanceof JoblibError || signal.aborted ? error : createWriteError(path, error);
  } finally {
    display.close();
  }
}

/**
 * Creates an empty file at the path, unless a file may be replaced. Two commands can never write the
 * same path, which a check without a file could not prevent.
 */
async function reservePath({ path, force }: Target): Promise<void> {
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isFile() === false)
    throw new UsageError(`${path} is not a file. Pass the path of a file to --output.`);
  if (force) return;
  try {
    await (await open(path, "wx")).close();
  } catch (error) {
    if (isSystemError(error) && error.code === "EEXIST")
      throw new UsageError(`${path} already exists. Pass --force to replace it, or another --output.`);
    throw createWriteError(path, error);
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error;

const createWriteError = (path: string, error: unknown) =>
  isSystemError(error) ? new UsageError(`cannot write ${path}: ${getErrorReason(error)}`) : error;
