import { createHash, type Hash, randomUUID } from "node:crypto";
import { Problem } from "../../../protocol/index.ts";
import { type Caller, forbidden } from "../../access.ts";
import type { Context } from "../../context.ts";
import { type FileContents, StorageFull, type UploadWriter } from "../../storage/ports/file-contents.ts";
import type { FileRecord, UploadLock } from "../../storage/ports/files.ts";
import { validationError } from "../jobs/schema-checks.ts";
import { findTask } from "../tasks/find-task.ts";
import { requireFileContents, requireLease } from "./file-rules.ts";
import { findFile } from "./read-file.ts";

/** If a server stops, its uploads can continue on another server after this time. */
export const UPLOAD_LOCK_SECONDS = 20;
/** Time and number of bytes after which the progress of an upload is stored. */
const PROGRESS_MS = 5_000;
const PROGRESS_BYTES = 16 * 1024 * 1024;

/** An upload that the caller may continue. `offset` is the number of stored bytes. */
export interface Upload {
  readonly record: FileRecord;
  readonly offset: number;
}

/** Returns the state of an upload to the creator of the file. */
export async function readUpload(context: Context, caller: Caller, fileId: string): Promise<Upload> {
  const contents = requireFileContents(context);
  const record = await findFile(context, fileId);
  const { file } = record;
  if (file.created_by_id !== caller.actor.id) throw forbidden("file-upload");
  if (file.is_complete) return { record, offset: file.size };
  // Bytes may be missing in the directory, for example if it was restored from a backup.
  return { record, offset: Math.min(record.received, await contents.getUploadSize(file.id)) };
}

interface AppendInput {
  readonly fileId: string;
  readonly offset: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Appends bytes to an upload. The last byte completes the file. Bytes that arrived before the body
 * was cut are kept. Returns the new offset. Throws a 409 if the upload continues at another offset,
 * and a 422 if the content does not have the declared hash, after which the file no longer exists.
 */
export async function appendToUpload(
  context: Context,
  caller: Caller,
  { fileId, offset, body }: AppendInput,
): Promise<number> {
  const before = await readUpload(context, caller, fileId);
  const { file, attempt } = before.record;
  if (file.task_id !== null) requireLease(await findTask(context, file.task_id), attempt ?? 0);
  requireOffset(before, offset);
  if (file.is_complete) return offset;
  const lock = { fileId: file.id, writerId: randomUUID() };
  const lockedAt = performance.now();
  if (!(await context.storage.files.lockUpload(lock, UPLOAD_LOCK_SECONDS)))
    throw await findWriteProblem(context, before.record);
  try {
    // Another request may have appended between the read and the lock.
    requireOffset(await readUpload(context, caller, fileId), offset);
    const writing = new UploadWriting(context, { record: before.record, lock, offset, lockedAt });
    await writing.append(body);
    return writing.offset;
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error;
    context.log.error({ err: error, fileId: file.id }, "the storage for files is full");
    const detail = "The server's storage for files is full. Continue the upload later.";
    throw new Problem("insufficient-storage", detail, { retryAfter: 60 });
  } finally {
    await context.storage.files.unlockUpload(lock);
  }
}

function requireOffset({ offset }: Upload, requested: number): void {
  if (offset === requested) return;
  throw new Problem("upload-conflict", `The upload continues at offset ${offset}, not ${requested}.`);
}

/**
 * Returns the 409 for a write that the database refused, because the lease on the task has ended, or
 * because another request has the lock.
 */
async function findWriteProblem(context: Context, { file, attempt }: FileRecord): Promise<Problem> {
  if (file.task_id !== null) requireLease(await findTask(context, file.task_id), attempt ?? 0);
  return createLockProblem();
}

function createLockProblem(): Problem {
  const detail = "Another request is appending to the upload. Read the offset of the upload, and try again.";
  return new Problem("upload-conflict", detail, { retryAfter: 1 });
}

/** Writes the body of one request, and stores the progress. */
class UploadWriting {
  readonly #context: Context;
  readonly #record: FileRecord;
  readonly #lock: UploadLock;
  readonly #contents: FileContents;
  /** The hash of the content, if all of it is in this request. */
  readonly #hash: Hash | undefined;
  #savedOffset: number;
  /** Time of `performance.now()` before the lock was last renewed. */
  #renewedAt: number;
  offset: number;

  constructor(
    context: Context,
    { record, lock, offset, lockedAt }: Upload & { readonly lock: UploadLock; readonly lockedAt: number },
  ) {
    this.#context = context;
    this.#record = record;
    this.#lock = lock;
    this.#contents = requireFileContents(context);
    this.#hash = offset === 0 ? createHash("sha256") : undefined;
    this.offset = offset;
    this.#savedOffset = offset;
    this.#renewedAt = lockedAt;
  }

  get #size(): number {
    return this.#record.file.size;
  }

  async append(body: AsyncIterable<Uint8Array>): Promise<void> {
    const writer = await this.#contents.openUpload(this.#lock.fileId);
    try {
      try {
        for await (const bytes of body) await this.#write(writer, bytes);
      } finally {
        await this.#save(writer);
      }
    } finally {
      await writer.close();
    }
    if (this.offset < this.#size) return;
    const [context, record, lock] = [this.#context, this.#record, this.#lock];
    await completeUpload(context, { record, lock, sha256: this.#hash?.digest("hex") });
  }

  async #write(writer: UploadWriter, bytes: Uint8Array): Promise<void> {
    if (this.offset + bytes.length > this.#size) {
      const detail = `The upload is larger than the size of the file, which is ${this.#size} bytes.`;
      throw new Problem("file-too-large", detail);
    }
    await this.#keepLock(writer);
    await writer.write(bytes, this.offset);
    this.#hash?.update(bytes);
    this.offset += bytes.length;
    if (this.offset - this.#savedOffset >= PROGRESS_BYTES) await this.#save(writer);
  }

  /**
   * Renews the lock, and throws a 409 if it was lost. While this request waited for bytes, another
   * request may have completed the upload. The open file is then a content, and must not be written
   * to.
   */
  async #keepLock(writer: UploadWriter): Promise<void> {
    if (performance.now() - this.#renewedAt < PROGRESS_MS) return;
    await this.#save(writer);
    if (performance.now() - this.#renewedAt >= UPLOAD_LOCK_SECONDS * 1000) throw createLockProblem();
  }

  /**
   * Stores the progress after the bytes are on disk. The last byte does not count until the file is
   * complete, so a client that lost the response sends it again, and the file is completed.
   */
  async #save(writer: UploadWriter): Promise<void> {
    await writer.flush();
    const received = Math.max(0, Math.min(this.offset, this.#size - 1));
    const startedAt = performance.now();
    const { files } = this.#context.storage;
    if (!(await files.saveProgress(this.#lock, received, UPLOAD_LOCK_SECONDS)))
      throw await findWriteProblem(this.#context, this.#record);
    this.#savedOffset = this.offset;
    this.#renewedAt = startedAt;
  }
}

/** Checks the hash of a finished upload and completes the file, or discards both. */
export async function completeUpload(
  context: Context,
  { record, lock, sha256: known }: { record: FileRecord; lock: UploadLock; sha256?: string | undefined },
): Promise<void> {
  const { storage } = context;
  const contents = requireFileContents(context);
  const { id, size } = record.file;
  const sha256 = known ?? (await hashUpload(context, contents, lock, record));
  if (record.declaredSha256 !== null && record.declaredSha256 !== sha256) {
    await storage.files.discard(lock, () => contents.removeUpload(id));
    const detail = `The content has the SHA-256 ${sha256}, not ${record.declaredSha256}. Create the file again.`;
    throw validationError("The uploaded content is not the declared one.", [{ pointer: "/sha256", detail }]);
  }
  const keep = () => contents.keepUpload(id, { sha256, size });
  if (!(await storage.files.complete(lock, sha256, size, keep)))
    throw await findWriteProblem(context, record);
}

/** Hashes an upload that arrived in several requests, and renews its lock meanwhile. */
async function hashUpload(
  context: Context,
  contents: FileContents,
  lock: UploadLock,
  record: FileRecord,
): Promise<string> {
  const { file } = record;
  const hash = createHash("sha256");
  let renewedAt = performance.now();
  for await (const bytes of contents.readUpload(file.id)) {
    hash.update(bytes);
    if (performance.now() - renewedAt < PROGRESS_MS) continue;
    renewedAt = performance.now();
    const received = Math.max(0, file.size - 1);
    if (!(await context.storage.files.saveProgress(lock, received, UPLOAD_LOCK_SECONDS)))
      throw await findWriteProblem(context, record);
  }
  return hash.digest("hex");
}
