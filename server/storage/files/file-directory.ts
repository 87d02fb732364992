import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { ByteRange } from "../../../protocol/index.ts";
import { ContentMissing, type FileContents, StorageFull, type UploadWriter } from "../ports/file-contents.ts";

/** Uploads may contain secrets, so only the user of the server can read them. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/**
 * Stores files in a directory: uploads in `uploads/<id>`, and contents in `content/ab/cdef…`. Paths
 * contain only ids and hashes from the server, never names from clients.
 */
export class FileDirectory implements FileContents {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async getUploadSize(fileId: string): Promise<number> {
    return (await getSize(this.#toUploadPath(fileId))) ?? 0;
  }

  async openUpload(fileId: string): Promise<UploadWriter> {
    const path = this.#toUploadPath(fileId);
    return translateErrors(async () => {
      await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
      // Mode `a` would write at the end of the file, whatever the offset is.
      return new DirectoryWriter(await openForWriting(path));
    });
  }

  readUpload(fileId: string): Readable {
    return createReadStream(this.#toUploadPath(fileId));
  }

  async removeUpload(fileId: string): Promise<void> {
    await rm(this.#toUploadPath(fileId), { force: true });
  }

  async keepUpload(fileId: string, { sha256, size }: { sha256: string; size: number }): Promise<void> {
    const [upload, content] = [this.#toUploadPath(fileId), this.#toContentPath(sha256)];
    await translateErrors(async () => {
      // A content of another size was damaged, so it is replaced.
      if ((await getSize(content)) === size) return rm(upload, { force: true });
      await mkdir(dirname(content), { recursive: true, mode: DIRECTORY_MODE });
      await rename(upload, content);
      await syncDirectory(dirname(content));
    });
  }

  async openContent(
    { sha256, size }: { readonly sha256: string; readonly size: number },
    range: ByteRange | undefined,
  ): Promise<Readable> {
    if (size === 0) return Readable.from([]);
    const path = this.#toContentPath(sha256);
    const handle = await openForReading(path);
    const actual = (await handle?.stat())?.size;
    if (handle === undefined || actual !== size) {
      await handle?.close();
      throw new ContentMissing(`${path} does not have ${size} bytes`);
    }
    return handle.createReadStream({ start: range?.first ?? 0, end: range?.last ?? size - 1 });
  }

  async removeContent(sha256: string): Promise<void> {
    await rm(this.#toContentPath(sha256), { force: true });
  }

  #toUploadPath(fileId: string): string {
    return join(this.#path, "uploads", fileId);
  }

  #toContentPath(sha256: string): string {
    return join(this.#path, "content", sha256.slice(0, 2), sha256.slice(2));
  }
}

class DirectoryWriter implements UploadWriter {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    await translateErrors(async () => {
      for (let written = 0; written < bytes.length; ) {
        const rest = bytes.length - written;
        written += (await this.#handle.write(bytes, written, rest, offset + written)).bytesWritten;
      }
    });
  }

  flush(): Promise<void> {
    return translateErrors(() => this.#handle.sync());
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return open(path, "w", FILE_MODE);
  }
}

async function openForReading(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function getSize(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Makes a rename survive a crash of the machine. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}

async function translateErrors<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (!hasCode(error, "ENOSPC") && !hasCode(error, "EDQUOT")) throw error;
    throw new StorageFull("the directory of the files is full", { cause: error });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
