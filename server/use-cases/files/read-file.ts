import type { Readable } from "node:stream";
import {
  type AttachedFile,
  type ByteRange,
  formatFileReference,
  Problem,
  type StoredFile,
} from "../../../protocol/index.ts";
import { type Caller, canRead, forbidden, isSubmitter, isWorkerOwner } from "../../access.ts";
import type { Context } from "../../context.ts";
import { parseSerialized } from "../../raw-json.ts";
import { ContentMissing } from "../../storage/ports/file-contents.ts";
import type { FileRecord } from "../../storage/ports/files.ts";
import { findTask, requireRead } from "../tasks/find-task.ts";

/** Maximum number of tasks whose submitter and worker are compared with the caller. */
const MAX_TASKS = 100;

export async function findFile({ storage }: Context, id: string): Promise<FileRecord> {
  const record = await storage.files.find(id);
  if (record === undefined) throw new Problem("file-not-found", "File not found.");
  return record;
}

/** Returns true for the uploader, admins, and callers who can read a task that has the file. */
export async function canReadFile(context: Context, caller: Caller, file: StoredFile): Promise<boolean> {
  const { actor } = caller;
  if (actor.isAdmin || file.created_by_id === actor.id) return true;
  const taskIds = await context.storage.files.findTaskIds(file.id, MAX_TASKS);
  if (taskIds.length === 0) return false;
  // All tasks that have the file are in its room.
  if (await canRead(caller, file.room_id)) return true;
  for (const id of taskIds) {
    const record = await context.storage.tasks.find(id);
    if (record !== undefined && (isSubmitter(caller, record) || isWorkerOwner(caller, record))) return true;
  }
  return false;
}

export async function readFile(context: Context, caller: Caller, id: string): Promise<StoredFile> {
  const { file } = await findFile(context, id);
  if (!(await canReadFile(context, caller, file))) throw forbidden("file-read");
  return file;
}

/** A complete file whose content can be read. */
export interface CompleteFile extends StoredFile {
  readonly sha256: string;
}

export async function findContent(context: Context, caller: Caller, id: string): Promise<CompleteFile> {
  const file = await readFile(context, caller, id);
  if (file.sha256 === null)
    throw new Problem("file-incomplete", "The upload of the file is not complete yet.");
  return { ...file, sha256: file.sha256 };
}

/** Opens the content of a file. Throws a 500 that names the file if the content is missing. */
export async function openContent(
  { fileContents, log }: Context,
  file: CompleteFile,
  range: ByteRange | undefined,
): Promise<Readable> {
  try {
    if (fileContents !== undefined) return await fileContents.openContent(file, range);
    throw new ContentMissing("`files_dir` is not set");
  } catch (error) {
    if (!(error instanceof ContentMissing)) throw error;
    log.error({ err: error, fileId: file.id }, "the content of a file is missing");
    throw new Problem("internal-error", `The content of the file ${file.id} is missing on the server.`);
  }
}

/** Returns the files in the payload and the result of a task. */
export async function listTaskFiles(
  context: Context,
  caller: Caller,
  taskId: string,
): Promise<readonly AttachedFile[]> {
  const { task, ...record } = await findTask(context, taskId);
  await requireRead(caller, { task, ...record });
  const attached = await context.storage.files.listAttached(task.id);
  if (attached.length === 0) return [];
  const values = { payload: parseSerialized(task.payload), result: parseSerialized(task.result) };
  // A file of a completion that was rejected is attached as well, but is not in the result.
  return attached.filter(
    ({ id, role, pointer }) => getAtPointer(values[role], pointer) === formatFileReference(id),
  );
}

function getAtPointer(value: unknown, pointer: string): unknown {
  let current = value;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}
