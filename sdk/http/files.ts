import { type AttachedFile, formatFileReference, type StoredFile } from "../../protocol/index.ts";
import { downloadContent } from "../files/download.ts";
import type { ReadFileOptions } from "../files/job-file.ts";
import type { LocalFile } from "../files/local-file.ts";
import { type FileReader, RemoteFile, toFileId } from "../files/remote-file.ts";
import { uploadContent } from "../files/upload.ts";
import type { CallOptions } from "./options.ts";
import { Resource } from "./resource.ts";

/**
 * Files: `client.files`. The methods accept the reference of a file, `files/<id>`, as it occurs in
 * payloads and results, or only the id.
 */
export class Files extends Resource implements FileReader {
  /** Returns the metadata of a file, such as its name and size, without its content. */
  get(reference: string, options?: CallOptions): Promise<StoredFile> {
    return this.send("readFile", { params: { file_id: toFileId(reference) } }, options);
  }

  /** Lists the files in the payload and the result of a task. */
  async list(taskId: string, options?: CallOptions): Promise<AttachedFile[]> {
    return (await this.send("listTaskFiles", { params: { task_id: taskId } }, options)).items;
  }

  /**
   * Returns a file whose metadata was read. Its content can be read or saved later.
   *
   * @example const video = await client.files.open(task.result.video); await
   *   video.save(`./${video.name}`);
   */
  async open(reference: string, { signal }: ReadFileOptions = {}): Promise<RemoteFile> {
    return new RemoteFile(formatFileReference(toFileId(reference))).load(this, signal);
  }

  /**
   * Downloads the content of a file. If the connection is interrupted, continues with the next
   * byte. Throws `FileIntegrityError` after the last byte if the content does not have the SHA-256
   * hash of the file.
   */
  async *download(
    reference: string,
    options: ReadFileOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.read(await this.get(reference, { signal: options.signal }), options);
  }

  /** Downloads the content of a file whose metadata was already read. */
  read(file: StoredFile, options?: ReadFileOptions): AsyncGenerator<Uint8Array, void, undefined> {
    return downloadContent(this.client, file, options);
  }

  /**
   * Uploads a file to a room. If the connection is interrupted, continues with the next byte. To
   * use the file, put `formatFileReference(id)` into a payload. The server deletes a file after a
   * day if it is not in the payload or result of any task.
   */
  async upload(room: string, source: LocalFile, options: ReadFileOptions = {}): Promise<StoredFile> {
    const { name, size, mediaType: media_type } = source;
    const request = { params: { room_id: room }, body: { name, size, media_type } };
    const created = await this.send("createFile", request, { signal: options.signal });
    return uploadContent(this.client, source, created, options);
  }

  /**
   * Uploads a file for the result of a task, as the task's worker does. Throws `TaskLostError` if
   * the lease on the task is lost.
   */
  async uploadResult(
    task: { readonly id: string; readonly attempt: number },
    source: LocalFile,
    options: ReadFileOptions = {},
  ): Promise<StoredFile> {
    const { name, size, mediaType: media_type } = source;
    const body = { name, size, media_type, attempt: task.attempt };
    const request = { params: { task_id: task.id }, body };
    const created = await this.send("createTaskFile", request, { signal: options.signal });
    return uploadContent(this.client, source, created, options);
  }
}
