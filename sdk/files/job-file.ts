import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Options of the methods that read a file. */
export interface ReadFileOptions {
  /** Aborts the read, which then fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes that were read so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * A file in a payload or result: a file of this machine (`LocalFile`), or a file on the server
 * (`RemoteFile`).
 */
export abstract class JobFile {
  abstract readonly name: string;
  /** The size in bytes. */
  abstract readonly size: number;
  abstract readonly mediaType: string;

  /** Reads the content. Can be called several times. */
  abstract stream(options?: ReadFileOptions): AsyncIterable<Uint8Array>;

  /** Reads the whole content into memory. */
  async bytes(options?: ReadFileOptions): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.stream(options)) parts.push(part);
    return Buffer.concat(parts);
  }

  /**
   * Writes the content to a file, in constant memory. The file appears under its name only when it
   * is complete: it is written next to it and then renamed.
   */
  async save(path: string, options: ReadFileOptions = {}): Promise<void> {
    const partialPath = `${path}.${randomUUID()}.part`;
    try {
      await pipeline(Readable.from(this.stream(options)), createWriteStream(partialPath, { flags: "wx" }));
      await rename(partialPath, path);
    } catch (error) {
      await rm(partialPath, { force: true });
      throw error;
    }
  }
}
