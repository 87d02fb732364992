import * as z from "zod";
import { API_PATH, operation } from "../operation.ts";
import { RoomParams } from "../rooms.ts";
import { TaskParams } from "./task.ts";

/** The schema keyword that marks a string as a reference to a file. */
export const FILE_KEYWORD = "x-joblib-file";

export const MAX_FILE_NAME_BYTES = 255;
/** Maximum size of a file that a server can allow, in bytes. */
export const MAX_FILE_BYTES = 1_099_511_627_776;

/** Prefix of a reference to a file in a payload or a result. It is relative to `API_PATH`. */
const REFERENCE_PREFIX = "files/";

/** Returns the reference to a file, as payloads and results contain it. */
export function formatFileReference(fileId: string): string {
  return `${REFERENCE_PREFIX}${fileId}`;
}

const REFERENCE = /^files\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** Returns the id of the file in a reference, or undefined if the text is not a reference. */
export function parseFileReference(reference: string): string | undefined {
  return REFERENCE.exec(reference)?.[1];
}

/**
 * Returns true if a file may have the name. A name is never a path: it has no separators, and is
 * not `.` or `..`.
 */
function isFileName(name: string): boolean {
  if (name === "." || name === ".." || !name.isWellFormed()) return false;
  return !/[/\\\p{Cc}]/u.test(name) && new TextEncoder().encode(name).length <= MAX_FILE_NAME_BYTES;
}

const FileName = z
  .string()
  .min(1)
  .refine(isFileName, {
    error: `must be a file name of at most ${MAX_FILE_NAME_BYTES} bytes, without \`/\`, \`\\\` and control characters`,
  });

/** A media type (RFC 9110, section 8.3.1) in ASCII, for example `text/plain; charset=utf-8`. */
const MediaType = z
  .string()
  .max(255)
  .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[ !\x23-\x5b\x5d-\x7e]*"))*$/, {
    error: "must be a media type, for example `chemical/x-xyz`",
  });

const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, { error: "must be a SHA-256 hash in lower-case hexadecimal" });

const newFileFields = {
  name: FileName,
  media_type: MediaType.default("application/octet-stream"),
  size: z.int().min(0).max(MAX_FILE_BYTES).describe("size in bytes"),
  sha256: Sha256.optional().describe("if set, the upload fails unless the content has this hash"),
};

/** A file to upload. */
export const NewFile = z.object(newFileFields);
export type NewFile = z.input<typeof NewFile>;

/** A file of a task's result. `attempt` identifies the lease of the worker. */
export const NewTaskFile = z.object({ ...newFileFields, attempt: z.int().min(1) });
export type NewTaskFile = z.input<typeof NewTaskFile>;

/** A file. Its content can be read when it is complete, and never changes. */
export const StoredFile = z.object({
  id: z.string(),
  room_id: z.string(),
  name: z.string(),
  media_type: z.string(),
  size: z.int().describe("size in bytes"),
  sha256: z.string().nullable().describe("null until the upload is complete"),
  is_complete: z.boolean(),
  task_id: z
    .string()
    .nullable()
    .describe("the task whose worker created the file; null for a submitter's file"),
  created_by_id: z.string(),
  created_at: z.string(),
});
export type StoredFile = z.infer<typeof StoredFile>;

export const FileRole = z.enum(["payload", "result"]);
export type FileRole = z.infer<typeof FileRole>;

/** A file in the payload or the result of a task. */
export const AttachedFile = StoredFile.extend({
  role: FileRole,
  pointer: z.string().describe("JSON Pointer to the reference in the payload or the result"),
});
export type AttachedFile = z.infer<typeof AttachedFile>;

export const FileParams = z.object({ file_id: z.string().max(100) });

const UPLOAD_DESCRIPTION =
  "The file. `Location` is the address to which its content is uploaded with tus 1.0.";

export const createFile = operation({
  method: "POST",
  path: `${API_PATH}/rooms/:room_id/files`,
  summary: "Create a file whose content is then uploaded",
  access: "room-write",
  // A file that was created twice is deleted, because no task has it.
  retryable: true,
  params: RoomParams,
  body: NewFile,
  responses: { 201: StoredFile },
  responseDescriptions: { 201: UPLOAD_DESCRIPTION },
  problems: ["invalid-room-id", "file-too-large", "quota-exceeded", "files-not-supported"],
});

export const createTaskFile = operation({
  method: "POST",
  path: `${API_PATH}/tasks/:task_id/files`,
  summary: "Create a file for the result of a task, while the worker has the lease of the task",
  access: "task-update",
  retryable: true,
  params: TaskParams,
  body: NewTaskFile,
  responses: { 201: StoredFile },
  responseDescriptions: { 201: UPLOAD_DESCRIPTION },
  problems: ["task-not-found", "task-lost", "file-too-large", "quota-exceeded", "files-not-supported"],
});

export const readFile = operation({
  method: "GET",
  path: `${API_PATH}/files/:file_id`,
  summary: "Get a file without its content",
  access: "file-read",
  params: FileParams,
  responses: { 200: StoredFile },
  responseDescriptions: { 200: "The file." },
  problems: ["file-not-found"],
});

export const listTaskFiles = operation({
  method: "GET",
  path: `${API_PATH}/tasks/:task_id/files`,
  summary: "List the files in the payload and the result of a task",
  access: "task-read",
  params: TaskParams,
  responses: { 200: z.object({ items: z.array(AttachedFile) }) },
  responseDescriptions: { 200: "The files, those of the payload first." },
  problems: ["task-not-found"],
});

export const fileOperations = { createFile, createTaskFile, readFile, listTaskFiles } as const;

/** Returns true for the same media type, and for a range such as `image/*`. Ignores parameters. */
export function matchesMediaType(mediaType: string, range: string): boolean {
  const type = mediaType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const allowed = range.toLowerCase();
  return allowed.endsWith("/*") ? type.startsWith(allowed.slice(0, -1)) : type === allowed;
}
