import { hash, randomUUID } from "node:crypto";
import {
  type AttachedFile,
  type FieldError,
  FileRole,
  formatFileReference,
  type JsonObject,
  type JsonValue,
  type NewFile,
  Problem,
  parseFileReference,
  type StoredFile,
  type Task,
} from "../../protocol/index.ts";
import { collectFileReferences, findRuleError } from "../../protocol/schema/file-references.ts";
import { now } from "./fake-tasks.ts";

/** A file, with data that only the fake server needs. */
export interface FakeFile {
  wire: StoredFile;
  readonly declaredSha256: string | undefined;
  /** The attempt of the task whose worker created the file; undefined for a submitter's file. */
  readonly attempt: number | undefined;
  /** The bytes that were received so far. */
  content: Buffer;
}

/** The schemas of a job that may contain files. */
export interface FileSchemas {
  readonly payload: JsonObject;
  readonly result: JsonObject | null;
}

interface FileOwner {
  readonly roomId: string;
  readonly lease?: { readonly taskId: string; readonly attempt: number } | undefined;
}

const NOT_FOUND = "no file has this reference";

/** The files of a fake server. Their contents are in memory. */
export class FakeFiles {
  readonly #files = new Map<string, FakeFile>();

  list(): StoredFile[] {
    return [...this.#files.values()].map(({ wire }) => wire);
  }

  get(id: string): FakeFile {
    const file = this.#files.get(id);
    if (file === undefined) throw new Problem("file-not-found", "File not found.");
    return file;
  }

  /** Creates a file. An empty one is complete. */
  create(
    { name, size, media_type = "application/octet-stream", sha256: declaredSha256 }: NewFile,
    { roomId, lease }: FileOwner,
  ): StoredFile {
    const wire: StoredFile = {
      ...{ id: randomUUID(), room_id: roomId, name, media_type, size, sha256: null, is_complete: false },
      ...{ task_id: lease?.taskId ?? null, created_by_id: "someone", created_at: now() },
    };
    const file = { wire, declaredSha256, attempt: lease?.attempt, content: Buffer.alloc(0) };
    this.#files.set(wire.id, file);
    if (size === 0) this.#complete(file);
    return file.wire;
  }

  /**
   * Appends bytes at the end of an upload. The last byte completes the file. If the content does not
   * have the declared hash, deletes the file and throws a 422.
   */
  append(file: FakeFile, bytes: Uint8Array): void {
    const { size } = file.wire;
    if (file.content.length + bytes.length > size) {
      const detail = `The upload is larger than the size of the file, which is ${size} bytes.`;
      throw new Problem("file-too-large", detail);
    }
    file.content = Buffer.concat([file.content, bytes]);
    if (file.content.length === size) this.#complete(file);
  }

  #complete(file: FakeFile): void {
    const { content, declaredSha256 } = file;
    const sha256 = hash("sha256", content);
    if (declaredSha256 !== undefined && declaredSha256 !== sha256) {
      this.#files.delete(file.wire.id);
      const errors = [{ pointer: "/sha256", detail: `The content has the SHA-256 ${sha256}.` }];
      throw new Problem("validation-error", "The uploaded content is not the declared one.", { errors });
    }
    file.wire = { ...file.wire, sha256, is_complete: true };
  }

  /** Throws a 422 with pointers below `prefix` if the payload refers to files that it must not use. */
  requirePayloadFiles(schema: JsonObject, payload: JsonObject, roomId: string, prefix: string): void {
    this.#requireFiles(schema, payload, prefix, ({ room_id }) => room_id === roomId);
  }

  /** Throws a 422 if the result refers to files that were not created for the task. */
  requireResultFiles({ payload, result }: FileSchemas, task: Task, value: JsonValue): void {
    if (result === null) return;
    const payloadFiles = new Set(collectFileReferences(payload, task.payload).map((one) => one.value));
    this.#requireFiles(
      result,
      value,
      "/result",
      ({ id, task_id }) => task_id === task.id || payloadFiles.has(formatFileReference(id)),
    );
  }

  #requireFiles(
    schema: JsonObject,
    value: JsonValue,
    prefix: string,
    isAllowed: (file: StoredFile) => boolean,
  ): void {
    const errors: FieldError[] = [];
    for (const { pointer, value: reference, rule } of collectFileReferences(schema, value)) {
      const file = this.#find(reference);
      const detail = file === undefined || !isAllowed(file) ? NOT_FOUND : findRuleError(file, rule);
      if (detail !== undefined) errors.push({ pointer: prefix + pointer, detail });
    }
    if (errors.length === 0) return;
    throw new Problem("validation-error", "The request contains invalid references to files.", { errors });
  }

  /** Returns the files in the payload and the result of a task. */
  listAttached(schemas: FileSchemas, task: Task): AttachedFile[] {
    return FileRole.options.flatMap((role) =>
      collectFileReferences(schemas[role] ?? {}, task[role]).flatMap(({ pointer, value }) => {
        const file = this.#find(value);
        return file === undefined ? [] : [{ ...file, role, pointer }];
      }),
    );
  }

  #find(reference: string): StoredFile | undefined {
    return this.#files.get(parseFileReference(reference) ?? "")?.wire;
  }
}
