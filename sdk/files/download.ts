import { createHash } from "node:crypto";
import type { StoredFile } from "../../protocol/index.ts";
import {
  ConnectionError,
  DeadlineError,
  FileIncompleteError,
  FileIntegrityError,
  JoblibError,
} from "../errors.ts";
import { sleep } from "../http/abort.ts";
import type { Caller } from "../http/resource.ts";
import { getRetryDelay, isTransient, type RetryPolicy } from "../http/retry.ts";
import type { TransferResponse } from "../http/transfer.ts";
import type { ReadFileOptions } from "./job-file.ts";

/** Attempts without a single byte before a download fails. */
const DOWNLOAD_RETRY: RetryPolicy = { attempts: 10, baseSeconds: 0.25, maxSeconds: 10, deadlineSeconds: 300 };
/** A connection that delivers no byte for this time is closed, and the download continues on another one. */
const STALL_SECONDS = 60;

/**
 * Yields the content of a file. After an interruption, continues at the next byte (`Range`). Throws
 * `FileIntegrityError` at the end if the bytes do not have the SHA-256 hash of the file.
 */
export async function* downloadContent(
  client: Caller,
  file: StoredFile,
  { signal, onProgress }: ReadFileOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!file.is_complete) throw FileIncompleteError.create(file.name);
  const hash = createHash("sha256");
  let offset = 0;
  for (let tries = 1; offset < file.size; tries += 1) {
    const connection = new Connection(client, file, offset, signal);
    try {
      for (let part = await connection.read(); part !== undefined; part = await connection.read()) {
        offset += part.byteLength;
        if (offset > file.size) throw createSizeError(file);
        tries = 0;
        hash.update(part);
        onProgress?.(offset);
        yield part;
      }
      if (offset < file.size) throw new ConnectionError(`the connection was closed after ${offset} bytes`);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isTransient(error) || tries >= DOWNLOAD_RETRY.attempts) throw error;
      await sleep(getRetryDelay(Math.max(1, tries), DOWNLOAD_RETRY, error) * 1000, signal);
    } finally {
      connection.close();
    }
  }
  if (hash.digest("hex") !== file.sha256)
    throw new FileIntegrityError(
      `the content of ${file.name} does not have its SHA-256 hash; download it again`,
    );
}

const createSizeError = ({ name, size }: StoredFile) =>
  new FileIntegrityError(`the content of ${name} is larger than ${size} bytes`);

/** One request for the content from an offset to the end. */
class Connection {
  readonly #client: Caller;
  readonly #file: StoredFile;
  readonly #offset: number;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  #parts: AsyncIterator<Uint8Array> | undefined;

  constructor(client: Caller, file: StoredFile, offset: number, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#file = file;
    this.#offset = offset;
    this.#signal = signal === undefined ? this.#abort.signal : AbortSignal.any([signal, this.#abort.signal]);
  }

  /** Returns the next bytes, or undefined at the end of the response. */
  async read(): Promise<Uint8Array | undefined> {
    this.#parts ??= (await this.#open()).body?.[Symbol.asyncIterator]();
    const stall = new DeadlineError(`no data for ${STALL_SECONDS} s`);
    const timer = setTimeout(() => this.#abort.abort(stall), STALL_SECONDS * 1000);
    try {
      const next = await this.#parts?.next();
      return next?.done === false ? next.value : undefined;
    } catch (error) {
      if (error instanceof JoblibError) throw error;
      throw new ConnectionError(`the download of ${this.#file.name} was interrupted`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#abort.abort();
  }

  async #open(): Promise<TransferResponse> {
    const range = { range: `bytes=${this.#offset}-`, "if-range": `"${this.#file.sha256}"` };
    const response = await this.#client.transfer("downloadFile", {
      params: { file_id: this.#file.id },
      headers: this.#offset === 0 ? {} : range,
      signal: this.#signal,
    });
    // The server ignores `Range` if the content has another ETag than `If-Range`.
    if (this.#offset > 0 && response.status !== 206)
      throw new FileIntegrityError(`the content of ${this.#file.name} has changed; download it again`);
    return response;
  }
}
