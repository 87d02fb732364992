import type { StoredFile } from "../../../protocol/index.ts";
import type { ApiServer } from "../../api/api-server.ts";
import { callServer } from "../../api/call-server.ts";
import { Failure } from "../../api/failure.ts";
import { hashContent } from "./hash-content.ts";
import { sendByTus } from "./send-by-tus.ts";
import type { SendContent, UploadPart } from "./upload-part.ts";
import { withRetries } from "./with-retries.ts";

/** A server and the room in which files are created. */
export interface UploadTarget {
  readonly server: ApiServer;
  readonly room: string;
}

/** Creates a file whose content is then uploaded. */
export const createFile = (
  { server, room }: UploadTarget,
  { name, size, mediaType }: { readonly name: string; readonly size: number; readonly mediaType: string },
  signal: AbortSignal,
): Promise<StoredFile> => {
  const body = { name, size, media_type: mediaType };
  const request = { params: { room_id: room }, body };
  return withRetries(() => callServer(server, ["createFile", request], { signal }), { signal });
};

/** Returns the way in which a server receives the content of a file. */
const findMethod = (): SendContent => sendByTus;

/**
 * Uploads the content of a created file, and returns the complete file. Continues an upload that was
 * stopped. Throws a `Failure` if the server has stored other bytes than the content.
 */
export const uploadContent = async (part: UploadPart): Promise<StoredFile> => {
  const { server, file, content } = part;
  const unreadable = new AbortController();
  const signal = AbortSignal.any([part.signal, unreadable.signal]);
  const hash = hashContent(content, signal);
  hash.catch(() => unreadable.abort(createUnreadableFailure()));
  await findMethod()({ ...part, signal });
  const request = { params: { file_id: file.id } };
  const stored = await withRetries(() => callServer(server, ["readFile", request], { signal }), { signal });
  if (!stored.is_complete) throw createIntegrityFailure("The server did not complete the upload.");
  if (stored.sha256 !== (await hash))
    throw createIntegrityFailure("The server stored other bytes than were sent.");
  return stored;
};

const createIntegrityFailure = (detail: string): Failure =>
  new Failure(200, "Upload failed", `${detail} Remove the file, and choose it again.`);

const createUnreadableFailure = (): Failure =>
  new Failure(0, "Cannot read the file", "The file was changed or removed. Choose it again.");
