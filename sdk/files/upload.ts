import { createHash } from "node:crypto";
import { type StoredFile, TUS_VERSION, UPLOAD_MEDIA_TYPE } from "../../protocol/index.ts";
import {
  FileIntegrityError,
  InsufficientStorageError,
  ProtocolError,
  UploadConflictError,
  UsageError,
} from "../errors.ts";
import type { Caller } from "../http/resource.ts";
import { isTransient, type RetryPolicy, withRetry } from "../http/retry.ts";
import { toChunks } from "./chunks.ts";
import type { ReadFileOptions } from "./job-file.ts";
import type { LocalFile } from "./local-file.ts";

/** Bytes per request. It bounds the memory of an upload, and the bytes that an interruption costs. */
const CHUNK_BYTES = 8 * 1024 * 1024;
/** Maximum duration of one request in seconds: 8 MiB at 50 kB/s. */
const CHUNK_TIMEOUT_SECONDS = 180;
/** Retries of one chunk. An upload survives the restart of a server, as the end of a task does. */
const UPLOAD_RETRY: RetryPolicy = { attempts: 100, baseSeconds: 0.25, maxSeconds: 10, deadlineSeconds: 300 };
/** Restarts from the first byte, if the server has lost stored bytes. */
const MAX_RESTARTS = 3;

/** Thrown if the server has lost bytes that it had stored, for example when its disk failed. */
class LostBytesError extends ProtocolError {}

/**
 * Uploads the content of a file that was created, with the core of tus 1.0, and returns the complete
 * file. After an interruption, asks the server for the stored bytes and continues there. Throws
 * `FileIntegrityError` if the server has stored other bytes, and `UsageError` if the file has
 * changed since `file()` was called.
 */
export async function uploadContent(
  client: Caller,
  source: LocalFile,
  created: StoredFile,
  options: ReadFileOptions = {},
): Promise<StoredFile> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await sendContent(client, source, created, options);
    } catch (error) {
      if (!(error instanceof LostBytesError) || restarts >= MAX_RESTARTS) throw error;
    }
  }
}

async function sendContent(
  client: Caller,
  source: LocalFile,
  created: StoredFile,
  { signal, onProgress }: ReadFileOptions,
): Promise<StoredFile> {
  const hash = createHash("sha256");
  const upload = new Upload(client, created, signal);
  let offset = 0;
  for await (const chunk of toChunks(source.stream({ signal }), CHUNK_BYTES)) {
    if (offset + chunk.byteLength > source.size) throw createChangedError(source);
    hash.update(chunk);
    await upload.send(offset, chunk);
    offset += chunk.byteLength;
    onProgress?.(offset);
  }
  if (offset !== source.size) throw createChangedError(source);
  if (offset === 0) await upload.send(0, new Uint8Array());

  const stored = await upload.readFile();
  const sha256 = hash.digest("hex");
  if (!stored.is_complete)
    throw new ProtocolError(`the server did not complete the upload of ${source.name}`);
  if (stored.sha256 !== sha256)
    throw new FileIntegrityError(
      `the server stored other bytes of ${source.name} than were sent; upload the file again`,
    );
  return stored;
}

const createChangedError = ({ name }: LocalFile) =>
  new UsageError(`${name} has changed while it was uploaded`);

class Upload {
  readonly #client: Caller;
  readonly #id: string;
  readonly #signal: AbortSignal | undefined;
  #isComplete: boolean;

  constructor(client: Caller, { id, is_complete }: StoredFile, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#id = id;
    this.#isComplete = is_complete;
    this.#signal = signal;
  }

  async readFile(): Promise<StoredFile> {
    const request = { params: { file_id: this.#id } };
    return (await this.#client.call("readFile", request, { signal: this.#signal })).body;
  }

  /** Sends the bytes that begin at `start`, until the server has stored all of them. */
  async send(start: number, chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    const end = start + chunk.byteLength;
    let isRetry = false;
    const attempt = async () => {
      const offset = isRetry ? await this.#readOffset(start, end) : start;
      isRetry = true;
      if (!this.#isComplete && (offset < end || start === end)) {
        await this.#append(offset, chunk.subarray(offset - start));
      }
    };
    await withRetry(attempt, isInterrupted, { policy: UPLOAD_RETRY, signal: this.#signal });
  }

  async #append(offset: number, content: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#client.transfer("appendToUpload", {
      params: { file_id: this.#id },
      headers: {
        "tus-resumable": TUS_VERSION,
        "content-type": UPLOAD_MEDIA_TYPE,
        "upload-offset": String(offset),
      },
      content,
      timeoutSeconds: CHUNK_TIMEOUT_SECONDS,
      signal: this.#signal,
    });
  }

  /** Returns the number of stored bytes. If the response to the last bytes was lost, it is `end`. */
  async #readOffset(start: number, end: number): Promise<number> {
    this.#isComplete = (await this.readFile()).is_complete;
    if (this.#isComplete) return end;
    const { headers } = await this.#client.transfer("readUpload", {
      params: { file_id: this.#id },
      headers: { "tus-resumable": TUS_VERSION },
      signal: this.#signal,
    });
    const offset = Number(headers["upload-offset"]);
    if (offset >= start && offset <= end) return offset;
    if (offset >= 0 && offset < start)
      throw new LostBytesError(`the server has lost bytes of the upload: it has ${offset} of ${start}`);
    throw new ProtocolError(`the upload cannot continue at ${headers["upload-offset"]}, expected ${start}`);
  }
}

/**
 * Returns true if the upload may continue. A conflict means that the server has other bytes, and a
 * full storage may get space.
 */
const isInterrupted = (error: unknown): boolean =>
  isTransient(error) || error instanceof UploadConflictError || error instanceof InsufficientStorageError;
