import { createReadStream, type Stats, statSync } from "node:fs";
import { basename } from "node:path";
import { getMediaType } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import { JobFile, type ReadFileOptions } from "./job-file.ts";

/** The content of a file: the path of a file, or its bytes. */
export type FileSource = string | Blob | Uint8Array<ArrayBuffer>;

/** The name and media type of a local file. */
export interface LocalFileOptions {
  /** Default: the last part of the path, the name of a `File`, or `file`. */
  readonly name?: string | undefined;
  /** Default: the type of the blob, or the type that belongs to the extension of the name. */
  readonly mediaType?: string | undefined;
}

/** Bytes of a file that are read at once. */
const READ_BYTES = 256 * 1024;

/** A file of this machine. It is uploaded when the task is submitted or completed. */
export class LocalFile extends JobFile {
  readonly name: string;
  readonly size: number;
  readonly mediaType: string;
  readonly #source: string | Blob;

  /** @internal Throws `UsageError` if the path is not a file. */
  constructor(source: FileSource, { name, mediaType }: LocalFileOptions = {}) {
    super();
    this.#source = source instanceof Uint8Array ? new Blob([source]) : source;
    const ownName = typeof source === "string" ? basename(source) : getBlobName(source);
    this.name = name ?? ownName;
    this.size = typeof this.#source === "string" ? statFile(this.#source).size : this.#source.size;
    const ownType = this.#source instanceof Blob ? this.#source.type : "";
    this.mediaType = mediaType ?? (ownType === "" ? getMediaType(this.name) : ownType);
  }

  async *stream({ signal, onProgress }: ReadFileOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const content =
      typeof this.#source === "string"
        ? createReadStream(this.#source, { highWaterMark: READ_BYTES })
        : this.#source.stream();
    let bytes = 0;
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted();
      bytes += chunk.byteLength;
      onProgress?.(bytes);
      yield chunk;
    }
  }

  /** Throws `UsageError`, because only an uploaded file has a reference. */
  toJSON(): never {
    throw new UsageError(`the file ${this.name} must be uploaded before it can be part of JSON`);
  }
}

function statFile(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`file ${path} not found`);
  if (!stats.isFile()) throw new UsageError(`${path} is not a file`);
  return stats;
}

const getBlobName = (source: Blob | Uint8Array): string =>
  source instanceof File && source.name !== "" ? source.name : "file";
