import { sql } from "kysely";
import type { FileStorage } from "../ports/files.ts";
import type { Sql } from "../sessions/orm.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { formatArray, readRows } from "../sql/statement.ts";

/** Time after which an attached file of a task that was never inserted is released. */
const INSERT_TIME = sql`interval '1 hour'`;
/**
 * Rows of each table that one call checks. The next call continues after them, because almost all
 * rows are in use, and a statement that looks for the others in the whole table would read all of it.
 */
const CHECKED_ROWS = 1000;

const HAS_TASK = sql`exists (select 1 from joblib.task_file as a where a.file_id = f.id)`;
const HAS_WRITER = sql`coalesce(f.writer_until >= clock_timestamp(), false)`;

type FileSweep = Pick<FileStorage, "removeOrphans" | "removeUnusedContents">;

/** Creates the statements that remove unused files. They remember the last checked rows. */
export function createFileSweep({ run, transaction }: Sessions, checkedRows = CHECKED_ROWS): FileSweep {
  const cursors = { taskId: FIRST_ID, file: FIRST_FILE, sha256: "" };
  return {
    async removeOrphans(olderThanHours, limit, remove) {
      const attached = await run((db) => releaseFilesWithoutTask(db, cursors.taskId, checkedRows));
      cursors.taskId = attached.length < checkedRows ? FIRST_ID : (attached.at(-1)?.task_id ?? FIRST_ID);
      const files = await run((db) => checkFiles(db, { after: cursors.file, olderThanHours, checkedRows }));
      const orphans = files.filter(({ is_used }) => !is_used).map(({ id }) => id);
      // The files behind the limit are checked again by the next call.
      if (orphans.length <= limit)
        cursors.file = files.length < checkedRows ? FIRST_FILE : (files.at(-1) ?? FIRST_FILE);
      if (orphans.length === 0) return 0;
      return transaction((db) => removeOrphans(db, orphans.slice(0, limit), remove));
    },

    async removeUnusedContents(limit, remove) {
      const contents = await run((db) => checkContents(db, cursors.sha256, checkedRows));
      const unused = contents.filter(({ is_used }) => !is_used);
      if (unused.length <= limit)
        cursors.sha256 = contents.length < checkedRows ? "" : (contents.at(-1)?.sha256 ?? "");
      for (const { sha256 } of unused.slice(0, limit)) {
        await transaction((db) => removeContent(db, sha256, remove));
      }
      return Math.min(unused.length, limit);
    },
  };
}

const FIRST_ID = "00000000-0000-0000-0000-000000000000";

interface FilePosition {
  readonly id: string;
  readonly created_at: string;
}

const FIRST_FILE: FilePosition = { id: FIRST_ID, created_at: "-infinity" };

/**
 * Releases the files of tasks that were never inserted, because the server or the insert failed.
 * Returns the checked rows.
 */
async function releaseFilesWithoutTask(db: Sql, after: string, checkedRows: number) {
  const checked = await readRows(
    db,
    sql<{ task_id: string; is_lost: boolean }>`
      select a.task_id, a.created_at < clock_timestamp() - ${INSERT_TIME}
        and not exists (select 1 from joblib.task as t where t.id = a.task_id) as is_lost
      from joblib.task_file as a where a.task_id > ${after}::uuid order by a.task_id limit ${checkedRows}::int`,
  );
  const lost = checked.filter(({ is_lost }) => is_lost).map(({ task_id }) => task_id);
  if (lost.length > 0) {
    await sql`
      delete from joblib.task_file as a where a.task_id = any (${formatArray(lost)}::uuid[])
        and not exists (select 1 from joblib.task as t where t.id = a.task_id)`.execute(db);
  }
  return checked;
}

function checkFiles(
  db: Sql,
  {
    after,
    olderThanHours,
    checkedRows,
  }: { after: FilePosition; olderThanHours: number; checkedRows: number },
) {
  return readRows(
    db,
    sql<FilePosition & { is_used: boolean }>`
      select f.id, f.created_at::text as created_at, ${HAS_TASK} or ${HAS_WRITER} as is_used from joblib.file as f
      where f.created_at < clock_timestamp() - make_interval(secs => ${olderThanHours * 3600}::float8)
        and (f.created_at, f.id) > (${after.created_at}::timestamptz, ${after.id}::uuid)
      order by f.created_at, f.id limit ${checkedRows}::int`,
  );
}

async function removeOrphans(
  db: Sql,
  orphans: readonly string[],
  remove: (ids: readonly string[]) => Promise<void>,
): Promise<number> {
  const locked = await readRows(
    db,
    sql<{ id: string }>`
      select f.id from joblib.file as f where f.id = any (${formatArray(orphans)}::uuid[])
        and not ${HAS_WRITER} for update skip locked`,
  );
  // A file may have been attached between its selection and its lock, so the condition is repeated.
  const deleted = await readRows(
    db,
    sql<{ id: string }>`
      delete from joblib.file as f
      where f.id = any (${formatArray(locked.map(({ id }) => id))}::uuid[]) and not ${HAS_TASK} returning f.id`,
  );
  await remove(deleted.map(({ id }) => id));
  return deleted.length;
}

function checkContents(db: Sql, after: string, checkedRows: number) {
  return readRows(
    db,
    sql<{ sha256: string; is_used: boolean }>`
      select c.sha256, exists (select 1 from joblib.file as f where f.sha256 = c.sha256) as is_used
      from joblib.file_content as c where c.sha256 > ${after} order by c.sha256 limit ${checkedRows}::int`,
  );
}

/** Removes a content unless a concurrent upload uses it: both lock the row of the content. */
async function removeContent(
  db: Sql,
  sha256: string,
  remove: (sha256: string) => Promise<void>,
): Promise<void> {
  await readRows(db, sql`select 1 from joblib.file_content where sha256 = ${sha256} for update`);
  const deleted = await readRows(
    db,
    sql`delete from joblib.file_content as c where c.sha256 = ${sha256}
      and not exists (select 1 from joblib.file as f where f.sha256 = c.sha256) returning c.sha256`,
  );
  if (deleted.length > 0) await remove(sha256);
}
