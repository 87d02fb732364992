import { randomUUID } from "node:crypto";
import { accessSync, constants } from "node:fs";
import type { JsonObject } from "../../protocol/json.ts";
import { formatFileReference, parseFileReference } from "../../protocol/tasks/file.ts";
import { UsageError as SdkUsageError } from "../../sdk/errors.ts";
import { LocalFile } from "../../sdk/files/local-file.ts";
import { getErrorReason, UsageError } from "../io/errors.ts";
import { openTransferDisplay } from "../io/transfer-display.ts";
import type { ClientContext } from "../tools.ts";
import { formatSize } from "../views/units.ts";

/**
 * The local files that the user named on the command line. In the payload, a random reference
 * stands for each of them until it is uploaded, so that the payload can be validated before. Other
 * texts are never paths, because a default in the schema of a job must not upload a file.
 */
export class LocalFiles {
  readonly #files = new Map<string, LocalFile>();

  /**
   * Adds a file, and returns the reference that stands for it. Returns the reference of an uploaded
   * file unchanged. Throws `UsageError` if the file cannot be read.
   */
  readonly add = (path: string, source: string): string => {
    if (parseFileReference(path) !== undefined) return path;
    const placeholder = formatFileReference(randomUUID());
    this.#files.set(placeholder, openFile(path, source));
    return placeholder;
  };

  /** Uploads the files in a payload, and returns the payload with their references. */
  async upload(context: ClientContext, room: string, payload: JsonObject): Promise<JsonObject> {
    let json = JSON.stringify(payload);
    for (const [placeholder, file] of this.#files) {
      if (!json.includes(placeholder)) continue;
      json = json.replaceAll(placeholder, await uploadFile(context, room, file));
    }
    return JSON.parse(json);
  }
}

function openFile(path: string, source: string): LocalFile {
  try {
    const file = new LocalFile(path);
    accessSync(path, constants.R_OK);
    return file;
  } catch (error) {
    if (error instanceof SdkUsageError) throw new UsageError(`${source}: ${error.message}`);
    throw new UsageError(`${source}: cannot read ${path}: ${getErrorReason(error)}`);
  }
}

/** Uploads a file, and returns its reference. */
async function uploadFile(
  { io, client, signal }: ClientContext,
  room: string,
  file: LocalFile,
): Promise<string> {
  const { name, size } = file;
  const display = await openTransferDisplay(io, { verb: "uploading", name, size });
  try {
    const { id } = await client.files.upload(room, file, { signal, onProgress: display.update });
    const reference = formatFileReference(id);
    io.printEvent(
      { event: "uploaded", file: reference, name, size },
      `uploaded ${name} (${formatSize(size)})`,
      "dim",
    );
    return reference;
  } finally {
    display.close();
  }
}
