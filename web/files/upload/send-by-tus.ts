import { TUS_VERSION, transfers, UPLOAD_MEDIA_TYPE } from "../../../protocol/index.ts";
import { Failure, parseFailure } from "../../api/failure.ts";
import { getTransferUrl, transfer } from "../../api/transfer.ts";
import { sendBytes } from "./send-bytes.ts";
import type { SendContent, UploadPart } from "./upload-part.ts";
import { withRetries } from "./with-retries.ts";

/** Bytes per request. It bounds how much is sent again if a proxy buffers requests. */
const CHUNK_BYTES = 8 * 1024 * 1024;

const TUS_HEADERS = { "tus-resumable": TUS_VERSION };

/** Asks the server for the number of stored bytes. */
const readOffset = async ({ server, file, signal }: UploadPart): Promise<number> => {
  const params = { file_id: file.id };
  const { headers } = await transfer(server, "readUpload", { params, headers: TUS_HEADERS, signal });
  return parseOffset(headers.get("upload-offset"), file.size);
};

const parseOffset = (header: string | null, size: number): number => {
  const offset = Number(header);
  if (header !== null && Number.isInteger(offset) && offset >= 0 && offset <= size) return offset;
  const detail =
    "A response to the upload has no valid header Upload-Offset. If the API has another origin than this page, the API must expose this header (CORS).";
  throw new Failure(200, "Unexpected response", detail);
};

/** Sends one chunk that begins at an offset, and returns the number of stored bytes. */
const sendChunk = async (
  { server, file, content, signal, onProgress }: UploadPart,
  offset: number,
): Promise<number> => {
  const credentials = await server.credentials();
  const response = await sendBytes({
    method: transfers.appendToUpload.method,
    url: getTransferUrl(server, "appendToUpload", { file_id: file.id }),
    headers: {
      ...credentials,
      ...TUS_HEADERS,
      "content-type": UPLOAD_MEDIA_TYPE,
      "upload-offset": String(offset),
    },
    body: content.slice(offset, offset + CHUNK_BYTES),
    signal,
    onProgress: (bytes) => onProgress(offset + bytes),
  });
  if (response.status === 401) server.onUnauthorized(credentials);
  if (response.status !== 204) throw parseFailure(response.status, response.text);
  return parseOffset(response.getHeader("upload-offset"), file.size);
};

/**
 * Uploads a content with the core of tus 1.0 in chunks. After an interruption, asks the server for
 * the number of stored bytes and continues there.
 */
export const sendByTus: SendContent = async (part) => {
  const { file, signal, onProgress } = part;
  let offset = file.is_complete ? file.size : await withRetries(() => readOffset(part), { signal });
  while (offset < file.size) {
    onProgress(offset);
    const start = offset;
    let isRetry = false;
    offset = await withRetries(
      async () => {
        const current = isRetry ? await readOffset(part) : start;
        isRetry = true;
        // If only the response was lost, the bytes are stored.
        return current > start ? current : sendChunk(part, current);
      },
      { signal, onRetry: part.onRetry },
    );
  }
  onProgress(file.size);
};
