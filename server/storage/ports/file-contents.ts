import type { Readable } from "node:stream";
import type { ByteRange } from "../../../protocol/index.ts";

/** An upload that is open for writing. */
export interface UploadWriter {
  /** Writes bytes at an offset. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** Resolves when the written bytes survive a crash of the machine. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Stores the bytes of files: those of uploads by the id of the file, and complete contents by their
 * SHA-256. Throws `StorageFull` if there is no space.
 */
export interface FileContents {
  /** Returns the number of bytes of an upload; 0 if nothing is stored. */
  getUploadSize(fileId: string): Promise<number>;
  openUpload(fileId: string): Promise<UploadWriter>;
  /** Reads an upload. It contains no more than the written bytes. */
  readUpload(fileId: string): Readable;
  removeUpload(fileId: string): Promise<void>;
  /**
   * Makes the upload a content, atomically, or removes it if the content is stored already. Can be
   * repeated.
   */
  keepUpload(fileId: string, content: { readonly sha256: string; readonly size: number }): Promise<void>;
  /** Opens a content. Throws `ContentMissing` if it is not stored with this size. */
  openContent(
    content: { readonly sha256: string; readonly size: number },
    range: ByteRange | undefined,
  ): Promise<Readable>;
  removeContent(sha256: string): Promise<void>;
}

export class StorageFull extends Error {
  override readonly name = "StorageFull";
}

export class ContentMissing extends Error {
  override readonly name = "ContentMissing";
}
