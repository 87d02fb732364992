import type { Context } from "../../context.ts";

/**
 * Deletes the files that no task has any longer, and the contents that no file has. Returns the
 * number of deleted files.
 */
export async function sweepFiles(
  { storage, settings, fileContents }: Pick<Context, "storage" | "settings" | "fileContents">,
  batchSize: number,
): Promise<number> {
  if (fileContents === undefined) return 0;
  async function removeUploads(ids: readonly string[]): Promise<void> {
    for (const id of ids) await fileContents?.removeUpload(id);
  }
  let deleted = 0;
  for (;;) {
    const count = await storage.files.removeOrphans(settings.file_orphan_hours, batchSize, removeUploads);
    deleted += count;
    if (count < batchSize) break;
  }
  const remove = (sha256: string) => fileContents.removeContent(sha256);
  while ((await storage.files.removeUnusedContents(batchSize, remove)) === batchSize);
  return deleted;
}
