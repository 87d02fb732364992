import { formatFileReference, parseFileReference, type StoredFile } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import { JobFile, type ReadFileOptions } from "./job-file.ts";

/** The source of a remote file's record and content. */
export interface FileReader {
  get(reference: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<StoredFile>;
  /** Reads the content, and verifies it. */
  read(file: StoredFile, options?: ReadFileOptions): AsyncIterable<Uint8Array>;
}

/** Returns the id of a file, from a reference (`files/<id>`) or from an id. */
export function toFileId(reference: string): string {
  const id = parseFileReference(reference) ?? parseFileReference(formatFileReference(reference));
  if (id !== undefined) return id;
  throw new UsageError(`${JSON.stringify(reference)} is not a file: use files/<id> or an id`);
}

/**
 * A file on the server. In a worker, its name, size and media type are known before `run` starts.
 * Downloads resume after an interruption, and throw `FileIntegrityError` if the content does not
 * have the SHA-256 of the file.
 */
export class RemoteFile extends JobFile {
  /** The reference in JSON, `files/<id>`. */
  readonly reference: string;
  #loaded: { readonly file: StoredFile; readonly reader: FileReader } | undefined;

  /** @internal */
  constructor(reference: string) {
    super();
    this.reference = reference;
  }

  get name(): string {
    return this.#get().file.name;
  }
  get size(): number {
    return this.#get().file.size;
  }
  get mediaType(): string {
    return this.#get().file.media_type;
  }

  stream(options?: ReadFileOptions): AsyncIterable<Uint8Array> {
    const { file, reader } = this.#get();
    return reader.read(file, options);
  }

  /** @internal Reads the file's record, so that its members can be used. */
  async load(reader: FileReader, signal?: AbortSignal): Promise<this> {
    this.#loaded = { file: await reader.get(this.reference, { signal }), reader };
    return this;
  }

  /** Returns the reference. */
  toJSON(): string {
    return this.reference;
  }

  #get() {
    if (this.#loaded !== undefined) return this.#loaded;
    throw new UsageError(
      `${this.reference} is only a reference here: use \`client.files.open\` to read the file`,
    );
  }
}

let created: RemoteFile[] | undefined;

/** Creates a remote file for a value that a schema parses. */
export function createRemoteFile(reference: string): RemoteFile {
  const file = new RemoteFile(reference);
  created?.push(file);
  return file;
}

/**
 * Returns the value of `parse`, and the remote files that it created. `parse` is synchronous, as the
 * validation of a schema is, so no other call can add files.
 */
export function collectRemoteFiles<Value>(parse: () => Value): {
  readonly value: Value;
  readonly files: readonly RemoteFile[];
} {
  const before = created;
  const files: RemoteFile[] = [];
  created = files;
  try {
    return { value: parse(), files };
  } finally {
    created = before;
  }
}
