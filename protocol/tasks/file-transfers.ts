import { API_PATH, type TransferOperation } from "../operation.ts";
import { readTransfers } from "../providers/read.ts";
import { FileParams } from "./file.ts";

export const TUS_VERSION = "1.0.0";
/** The media type of a part of an upload in the tus protocol. */
export const UPLOAD_MEDIA_TYPE = "application/offset+octet-stream";

const UPLOAD_PATH = `${API_PATH}/files/:file_id/upload`;
const tusHeader = { "tus-resumable": `\`${TUS_VERSION}\`` };

/** The operations that transfer the content of files. */
export const fileTransfers = {
  downloadFile: {
    method: "GET",
    path: `${API_PATH}/files/:file_id/content`,
    summary: "Download the content of a file",
    access: "file-read",
    params: FileParams,
    content: "response",
    headers: {
      range: "`bytes=N-M`: return only this range (RFC 9110, section 14.2)",
      "if-range": "an `ETag`: ignore `Range` if the content has another one",
      "if-none-match": "an `ETag`; if the content has it, the response is a 304",
    },
    responseDescriptions: {
      200: "The content. Its `ETag` is the SHA-256 hash of the content.",
      206: "The requested range of the content.",
      304: "The content has the ETag in `If-None-Match`.",
    },
    problems: ["file-not-found", "file-incomplete", "range-not-satisfiable"],
  },
  readUpload: {
    method: "HEAD",
    path: UPLOAD_PATH,
    summary: "Get the offset at which an upload continues (tus 1.0)",
    access: "file-upload",
    params: FileParams,
    content: "none",
    headers: tusHeader,
    responseDescriptions: { 200: "`Upload-Offset` is the number of bytes that are stored." },
    problems: ["file-not-found", "files-not-supported"],
  },
  appendToUpload: {
    method: "PATCH",
    path: UPLOAD_PATH,
    summary: "Append bytes to an upload (tus 1.0); the last byte completes the file",
    access: "file-upload",
    params: FileParams,
    content: "request",
    headers: {
      ...tusHeader,
      "content-type": `\`${UPLOAD_MEDIA_TYPE}\``,
      "upload-offset":
        "the offset of the first byte of the body; it must be the current offset of the upload",
    },
    responseDescriptions: { 204: "The bytes are stored. `Upload-Offset` is the new offset." },
    problems: [
      "file-not-found",
      "upload-conflict",
      "task-lost",
      "file-too-large",
      "files-not-supported",
      "insufficient-storage",
    ],
  },
} as const satisfies Record<string, TransferOperation>;

/** All operations whose request or response body is not JSON. */
export const transfers = { ...readTransfers, ...fileTransfers } as const;

export type TransferName = keyof typeof transfers;
