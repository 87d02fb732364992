import { Problem } from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import type { TaskRecord } from "../../records.ts";
import type { FileContents } from "../../storage/ports/file-contents.ts";

/** Returns the storage for contents. Throws a 409 if the server has none. */
export function requireFileContents({ fileContents }: Pick<Context, "fileContents">): FileContents {
  if (fileContents !== undefined) return fileContents;
  const detail = "This server does not store files. Ask the operator to set JOBLIB_FILES_DIR.";
  throw new Problem("files-not-supported", detail);
}

/** Throws a 409 if the attempt of the task has ended. */
export function requireLease({ task }: TaskRecord, attempt: number): void {
  if (task.attempt === attempt && (task.status === "claimed" || task.status === "running")) return;
  const detail = "The lease on the task has ended, so no files can be added to its result.";
  throw new Problem("task-lost", detail);
}
