import {
  type FieldError,
  type FileRole,
  type JsonObject,
  type JsonValue,
  Problem,
  parseFileReference,
  type StoredFile,
} from "../../../protocol/index.ts";
import {
  collectFileReferences,
  type FileReference,
  findRuleError,
} from "../../../protocol/schema/file-references.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { TaskRecord } from "../../records.ts";
import type { Attachment } from "../../storage/ports/files.ts";
import { validationError } from "../jobs/schema-checks.ts";
import { canReadFile } from "./read-file.ts";

/** Files to attach to a task, or the errors of its references. */
interface FileCheck {
  readonly attachments: readonly Attachment[];
  readonly errors: readonly FieldError[];
}

const NO_FILES: FileCheck = { attachments: [], errors: [] };
const NOT_ALLOWED = "no file has this reference";

/**
 * Checks the files in the payload of a new task. Returns undefined, not a promise, if the job has no
 * files, because most jobs have none.
 */
export function checkPayloadFiles(
  context: Context,
  caller: Caller,
  {
    schema,
    payload,
    roomId,
    taskId,
  }: { schema: JsonObject; payload: JsonObject; roomId: string; taskId: string },
): Promise<FileCheck> | undefined {
  const references = collectFileReferences(schema, payload);
  if (references.length === 0) return undefined;
  async function checkUse(file: StoredFile): Promise<string | undefined> {
    const isAllowed = file.room_id === roomId && (await canReadFile(context, caller, file));
    return isAllowed ? undefined : NOT_ALLOWED;
  }
  return checkFiles(context, { references, taskId, role: "payload", checkUse });
}

/** Attaches the files in the result of a task. Throws a 422 if the result contains other files. */
export async function attachResultFiles(
  context: Context,
  { task, jobId }: TaskRecord,
  result: JsonValue,
): Promise<void> {
  const job = await context.jobCache.findResultSchema(jobId);
  if (job === undefined || job.resultSchema === null) return;
  const references = collectFileReferences(job.resultSchema, result);
  if (references.length === 0) return;
  const payloadFiles = await context.storage.files.listAttached(task.id);
  async function checkUse({ id, task_id }: StoredFile): Promise<string | undefined> {
    const isAllowed =
      task_id === task.id || payloadFiles.some((one) => one.id === id && one.role === "payload");
    return isAllowed ? undefined : "the file was not created for this task";
  }
  const checked = await checkFiles(context, { references, taskId: task.id, role: "result", checkUse });
  if (checked.errors.length > 0) {
    const errors = checked.errors.map(({ pointer, detail }) => ({ pointer: `/result${pointer}`, detail }));
    throw validationError("The result contains invalid references to files.", errors);
  }
  await attachFiles(context, checked.attachments);
}

/**
 * Attaches files before the task is inserted or completed. If that fails, they remain attached, and
 * are released by the sweeper or with the task.
 */
export async function attachFiles({ storage }: Context, attachments: readonly Attachment[]): Promise<void> {
  if (attachments.length === 0 || (await storage.files.attach(attachments))) return;
  const detail =
    "A file in the request was deleted while the server handled the request. Upload the file again.";
  throw new Problem("file-not-found", detail);
}

async function checkFiles(
  { storage }: Context,
  {
    references,
    taskId,
    role,
    checkUse,
  }: {
    references: readonly FileReference[];
    taskId: string;
    role: FileRole;
    checkUse: CheckUse;
  },
): Promise<FileCheck> {
  const ids = new Set(references.flatMap(({ value }) => parseFileReference(value) ?? []));
  const records = ids.size === 0 ? [] : await storage.files.findMany([...ids]);
  const files = new Map(records.map(({ file }) => [file.id, file]));
  const errors = await findReferenceErrors(references, files, checkUse);
  if (errors.length > 0) return { ...NO_FILES, errors };
  const attachments = references.map(({ pointer, value }) => {
    return { taskId, fileId: parseFileReference(value) ?? "", role, pointer };
  });
  return { attachments, errors };
}

/** Decides whether a caller may use a file for the role. Returns the reason why not. */
type CheckUse = (file: StoredFile) => Promise<string | undefined>;

/** Returns the errors of references. `files` contains the existing files by id. */
async function findReferenceErrors(
  references: readonly FileReference[],
  files: ReadonlyMap<string, StoredFile>,
  checkUse: CheckUse,
): Promise<FieldError[]> {
  const errors: FieldError[] = [];
  for (const { pointer, value, rule } of references) {
    const file = files.get(parseFileReference(value) ?? "");
    // The permission comes first, so that other errors reveal nothing about files of others.
    const detail = file === undefined ? NOT_ALLOWED : ((await checkUse(file)) ?? findRuleError(file, rule));
    if (detail !== undefined) errors.push({ pointer, detail });
  }
  return errors;
}
