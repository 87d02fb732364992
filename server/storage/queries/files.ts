import { sql } from "kysely";
import type { AttachedFile, FileRole } from "../../../protocol/index.ts";
import { isUuid } from "../ids.ts";
import type { Attachment, FileRecord, FileStorage, NewFileRecord, UploadLock } from "../ports/files.ts";
import type { Sql } from "../sessions/orm.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { formatArray, formatTimeInSql, readRow, readRows } from "../sql/statement.ts";
import { createFileSweep } from "./file-sweep.ts";

/** A file whose sizes are `bigint`, as text. */
interface FileRow {
  readonly id: string;
  readonly room_id: string;
  readonly name: string;
  readonly media_type: string;
  readonly size: string;
  readonly sha256: string | null;
  readonly task_id: string | null;
  readonly created_by_id: string;
  readonly created_at: string;
  readonly declared_sha256: string | null;
  readonly attempt: number | null;
  readonly received: string;
}

const COLUMNS = sql<FileRow>`
  f.id, f.room_id, f.name, f.media_type, f.size::text as size, f.sha256, f.task_id, f.created_by_id,
  ${formatTimeInSql(sql`f.created_at`)} as created_at, f.declared_sha256, f.attempt, f.received::text as received`;

function toRecord({ size, declared_sha256, attempt, received, ...row }: FileRow): FileRecord {
  const { id, room_id, name, media_type, sha256, ...rest } = row;
  const identity = { id, room_id, name, media_type };
  return {
    file: { ...identity, size: Number(size), sha256, is_complete: sha256 !== null, ...rest },
    declaredSha256: declared_sha256,
    attempt,
    received: Number(received),
  };
}

const isLocked = ({ fileId, writerId }: UploadLock) =>
  sql<boolean>`id = ${fileId}::uuid and writer_id = ${writerId}::uuid and sha256 is null`;

/** True for a submitter's file, and for a result's file while its worker has the lease. */
const HAS_LEASE = sql<boolean>`(file.task_id is null or exists (
  select 1 from joblib.task as t
  where t.id = file.task_id and t.attempt = file.attempt and t.status in ('claimed', 'running')))`;

export function createFileStorage(sessions: Sessions): FileStorage {
  const { readRow: readOne, readRows: readAll, transaction } = sessions;
  return {
    create: (file, maxRoomBytes) => transaction((db) => createFile(db, file, maxRoomBytes)),

    async find(id) {
      if (!isUuid(id)) return undefined;
      const row = await readOne(
        sql<FileRow>`select ${COLUMNS} from joblib.file as f where f.id = ${id}::uuid`,
      );
      return row && toRecord(row);
    },

    async findMany(ids) {
      const rows = await readAll(
        sql<FileRow>`select ${COLUMNS} from joblib.file as f where f.id = any (${formatArray(ids)}::uuid[])`,
      );
      return rows.map(toRecord);
    },

    async lockUpload({ fileId, writerId }, seconds) {
      const rows = await readAll(sql`
        update joblib.file set writer_id = ${writerId}::uuid,
          writer_until = clock_timestamp() + make_interval(secs => ${seconds}::float8)
        where id = ${fileId}::uuid and sha256 is null
          and (writer_id is null or writer_until < clock_timestamp()) and ${HAS_LEASE}
        returning id`);
      return rows.length > 0;
    },

    async saveProgress(lock, received, seconds) {
      const rows = await readAll(sql`
        update joblib.file set received = ${received}::bigint,
          writer_until = clock_timestamp() + make_interval(secs => ${seconds}::float8)
        where ${isLocked(lock)} and ${HAS_LEASE} returning id`);
      return rows.length > 0;
    },

    async unlockUpload(lock) {
      await readAll(sql`
        update joblib.file set writer_id = null, writer_until = null where ${isLocked(lock)} returning id`);
    },

    async complete(lock, sha256, size, keep) {
      // Committed first: if the transaction fails after `keep`, the sweeper finds the stored bytes.
      await readAll(sql`insert into joblib.file_content (sha256, size) values (${sha256}, ${size}::bigint)
        on conflict (sha256) do nothing returning sha256`);
      return transaction(async (db) => {
        // Locks the row of the content until the transaction ends, also if it exists.
        await sql`insert into joblib.file_content (sha256, size) values (${sha256}, ${size}::bigint)
          on conflict (sha256) do update set size = excluded.size`.execute(db);
        const rows = await readRows(
          db,
          sql`update joblib.file set sha256 = ${sha256}, received = size, writer_id = null, writer_until = null
            where ${isLocked(lock)} and ${HAS_LEASE} returning id`,
        );
        if (rows.length === 0) return false;
        await keep();
        return true;
      });
    },

    discard: (lock, remove) =>
      transaction(async (db) => {
        const rows = await readRows(db, sql`delete from joblib.file where ${isLocked(lock)} returning id`);
        if (rows.length > 0) await remove();
      }),

    attach: (attachments) => transaction((db) => attachFiles(db, attachments)),

    async listAttached(taskId) {
      if (!isUuid(taskId)) return [];
      const rows = await readAll(sql<FileRow & { role: FileRole; pointer: string }>`
        select ${COLUMNS}, a.role, a.pointer
        from joblib.task_file as a join joblib.file as f on f.id = a.file_id
        where a.task_id = ${taskId}::uuid order by a.role, a.pointer collate "C", f.id`);
      return rows.map(
        ({ role, pointer, ...row }): AttachedFile => ({ ...toRecord(row).file, role, pointer }),
      );
    },

    async findTaskIds(fileId, limit) {
      if (!isUuid(fileId)) return [];
      const rows = await readAll(sql<{ id: string }>`
        select distinct t.id from joblib.task_file as a join joblib.task as t on t.id = a.task_id
        where a.file_id = ${fileId}::uuid limit ${limit}::int`);
      return rows.map(({ id }) => id);
    },

    ...createFileSweep(sessions),
  };
}

async function createFile(
  db: Sql,
  file: NewFileRecord,
  maxRoomBytes: number,
): Promise<FileRecord | undefined> {
  // Concurrent requests of a room wait for each other, so that they cannot exceed the limit together.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`joblib-files ${file.roomId}`}, 0))`.execute(db);
  const row = await readRow(
    db,
    sql<FileRow>`
      insert into joblib.file as f
        (id, room_id, name, media_type, size, declared_sha256, task_id, attempt, created_by_id)
      select ${file.id}::uuid, ${file.roomId}::text, ${file.name}::text, ${file.mediaType}::text, ${file.size}::bigint,
        ${file.declaredSha256}::text, ${file.lease?.taskId ?? null}::uuid, ${file.lease?.attempt ?? null}::integer,
        ${file.createdById}::text
      where ${file.size}::bigint + coalesce((select sum(o.size) from joblib.file as o where o.room_id = ${file.roomId}), 0)
        <= ${maxRoomBytes}::bigint
      returning ${COLUMNS}`,
  );
  return row && toRecord(row);
}

async function attachFiles(db: Sql, attachments: readonly Attachment[]): Promise<boolean> {
  const ids = [...new Set(attachments.map(({ fileId }) => fileId))];
  // The lock keeps the files until the transaction ends; after that, their attachments keep them.
  const found = await readRows(
    db,
    sql`select f.id from joblib.file as f
      where f.id = any (${formatArray(ids)}::uuid[]) and f.sha256 is not null order by f.id for key share`,
  );
  if (found.length < ids.length) return false;
  await sql`
    insert into joblib.task_file (task_id, role, pointer, file_id)
    select a.task_id, a.role, a.pointer, a.file_id
    from jsonb_to_recordset(${JSON.stringify(attachments.map(toRow))}::jsonb)
      as a(task_id uuid, role text, pointer text, file_id uuid)
    on conflict do nothing`.execute(db);
  return true;
}

function toRow({ taskId, role, pointer, fileId }: Attachment) {
  return { task_id: taskId, role, pointer, file_id: fileId };
}
