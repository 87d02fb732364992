import { randomUUID } from "node:crypto";
import { type NewFile, Problem, type StoredFile } from "../../../protocol/index.ts";
import { type Caller, forbidden, isWorkerOwner } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { NewFileRecord } from "../../storage/ports/files.ts";
import { findTask } from "../tasks/find-task.ts";
import { completeUpload, UPLOAD_LOCK_SECONDS } from "./append-to-upload.ts";
import { requireFileContents, requireLease } from "./file-rules.ts";

/** A validated request for a new file. */
interface NewFileRequest extends Omit<NewFile, "media_type"> {
  readonly media_type: string;
}

/** Creates a file in a room. Its content is uploaded afterwards. */
export function createFile(
  context: Context,
  caller: Caller,
  { roomId, request }: { readonly roomId: string; readonly request: NewFileRequest },
): Promise<StoredFile> {
  return insertFile(context, caller, { roomId, request, lease: null });
}

/** Creates a file for the result of a task. Throws a 403, or a 409 without the lease. */
export async function createTaskFile(
  context: Context,
  caller: Caller,
  { taskId, attempt, request }: { taskId: string; attempt: number; request: NewFileRequest },
): Promise<StoredFile> {
  const record = await findTask(context, taskId);
  if (!isWorkerOwner(caller, record) && !caller.actor.isAdmin) throw forbidden("task-update");
  requireLease(record, attempt);
  const { id, room_id: roomId } = record.task;
  return insertFile(context, caller, { roomId, request, lease: { taskId: id, attempt } });
}

async function insertFile(
  context: Context,
  caller: Caller,
  { roomId, request, lease }: Pick<NewFileRecord, "roomId" | "lease"> & { readonly request: NewFileRequest },
): Promise<StoredFile> {
  requireFileContents(context);
  const { storage, settings, newId } = context;
  const { name, media_type: mediaType, size, sha256: declaredSha256 = null } = request;
  if (size > settings.file_max_bytes) {
    const detail = `A file is limited to ${settings.file_max_bytes} bytes (setting JOBLIB_FILE_MAX_BYTES).`;
    throw new Problem("file-too-large", detail);
  }
  const createdById = caller.actor.id;
  const file = { id: newId(), roomId, name, mediaType, size, declaredSha256, lease, createdById };
  const record = await storage.files.create(file, settings.room_file_bytes);
  if (record === undefined) {
    const detail = `The files of a room are limited to ${settings.room_file_bytes} bytes (setting JOBLIB_ROOM_FILE_BYTES).`;
    throw new Problem("quota-exceeded", detail);
  }
  if (size > 0) return record.file;
  // An empty file has no bytes whose upload could complete it.
  const lock = { fileId: file.id, writerId: randomUUID() };
  await storage.files.lockUpload(lock, UPLOAD_LOCK_SECONDS);
  const contents = requireFileContents(context);
  await (await contents.openUpload(file.id)).close();
  await completeUpload(context, { record, lock });
  return (await storage.files.find(file.id))?.file ?? record.file;
}
