import { formatFileReference } from "../../protocol/index.ts";
import { hasLocalFile, replaceLocalFiles, type UploadFile, uploadOnce } from "../files/replace-files.ts";
import type { JoblibClient } from "../http/client.ts";
import type { AddressedPayload, SubmitOptions } from "./submission.ts";

/**
 * Uploads the local files in payloads to the rooms of their tasks, and returns the payloads with
 * references. A file that several payloads contain is uploaded once for each room.
 */
export async function uploadPayloads(
  client: JoblibClient,
  payloads: readonly AddressedPayload[],
  { signal }: Pick<SubmitOptions, "signal">,
): Promise<AddressedPayload[]> {
  const uploads = new Map<string, UploadFile>();
  const getUpload = (room: string): UploadFile => {
    const upload =
      uploads.get(room) ??
      uploadOnce(async (file) => formatFileReference((await client.files.upload(room, file, { signal })).id));
    uploads.set(room, upload);
    return upload;
  };
  const uploaded: AddressedPayload[] = [];
  for (const { destination, payload } of payloads) {
    const upload = getUpload(destination.room_id);
    uploaded.push({ destination, payload: await replaceLocalFiles(payload, upload) });
  }
  return uploaded;
}

/** Returns true if a payload contains a local file. */
export const needsUpload = ({ payload }: AddressedPayload): boolean => hasLocalFile(payload);
