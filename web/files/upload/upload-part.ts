import type { StoredFile } from "../../../protocol/index.ts";
import type { ApiServer } from "../../api/api-server.ts";

/** A created file, the content to upload, and the callbacks of the upload. */
export interface UploadPart {
  readonly server: ApiServer;
  readonly file: StoredFile;
  readonly content: Blob;
  readonly signal: AbortSignal;
  /** Called with the number of bytes that were sent. It can decrease after an interruption. */
  readonly onProgress: (bytes: number) => void;
  /** Called when a request is about to be repeated. */
  readonly onRetry?: (() => void) | undefined;
}

/**
 * A way to send the content of a file to the server. Resolves when all bytes are stored. Throws a
 * `Failure` if the upload cannot continue.
 */
export type SendContent = (part: UploadPart) => Promise<void>;
