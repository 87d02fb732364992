import { formatFileReference } from "../../protocol/index.ts";
import { FileUploadError, TaskLostError, UsageError } from "../errors.ts";
import type { FileReader, RemoteFile } from "../files/remote-file.ts";
import { replaceLocalFiles, uploadOnce } from "../files/replace-files.ts";
import type { Files } from "../http/files.ts";

/** The methods of `Files` that tasks use. */
export type TaskFiles = FileReader & Pick<Files, "uploadResult">;

interface TaskWithFiles {
  readonly id: string;
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/** Reads the metadata of the files in a payload, so that `run` can use their names and sizes. */
export async function loadFiles(
  remoteFiles: readonly RemoteFile[],
  files: TaskFiles | undefined,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(remoteFiles.map((file) => file.load(requireFiles(files), signal)));
}

/**
 * Uploads the local files of a result, and returns the result with their references. Throws
 * `TaskLostError` if the lease is lost, and `FileUploadError` for any other error.
 */
export async function uploadResultFiles(
  task: TaskWithFiles,
  result: unknown,
  files: TaskFiles | undefined,
): Promise<unknown> {
  const { signal } = task;
  const upload = uploadOnce(async (file) => {
    const { id } = await requireFiles(files).uploadResult(task, file, { signal });
    return formatFileReference(id);
  });
  try {
    return await replaceLocalFiles(result, upload);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TaskLostError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new FileUploadError(`a file of the result cannot be uploaded: ${message}`, { cause: error });
  }
}

function requireFiles(files: TaskFiles | undefined): TaskFiles {
  if (files === undefined) throw new UsageError("the task has files, so it needs a server to run");
  return files;
}
