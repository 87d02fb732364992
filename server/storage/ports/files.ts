import type { AttachedFile, FileRole, StoredFile } from "../../../protocol/index.ts";

/** A file to create. */
export interface NewFileRecord {
  readonly id: string;
  readonly roomId: string;
  readonly name: string;
  readonly mediaType: string;
  readonly size: number;
  readonly declaredSha256: string | null;
  /** The task and the attempt whose worker creates the file. */
  readonly lease: { readonly taskId: string; readonly attempt: number } | null;
  readonly createdById: string;
}

/** A file with the state of its upload. */
export interface FileRecord {
  readonly file: StoredFile;
  readonly declaredSha256: string | null;
  /** The attempt whose worker created the file; null for a submitter's file. */
  readonly attempt: number | null;
  /** Number of stored bytes; less than the size until the file is complete. */
  readonly received: number;
}

/** A file in the payload or the result of a task. */
export interface Attachment {
  readonly taskId: string;
  readonly fileId: string;
  readonly role: FileRole;
  readonly pointer: string;
}

/** A request that appends to an upload. It owns the upload's lock. */
export interface UploadLock {
  readonly fileId: string;
  readonly writerId: string;
}

/** Rows of files. Callbacks run in the transaction, may run again, and must be idempotent. */
export interface FileStorage {
  /** Creates a file. Returns undefined if the files of the room would exceed the limit. */
  create(file: NewFileRecord, maxRoomBytes: number): Promise<FileRecord | undefined>;
  find(id: string): Promise<FileRecord | undefined>;
  findMany(ids: readonly string[]): Promise<readonly FileRecord[]>;
  /**
   * Locks an incomplete upload for some seconds. Returns false if another request has the lock, or if
   * the lease on the task of the file has ended.
   */
  lockUpload(lock: UploadLock, seconds: number): Promise<boolean>;
  /**
   * Stores the number of received bytes and renews the lock. Returns false if the lock was lost, or
   * if the lease on the task of the file has ended.
   */
  saveProgress(lock: UploadLock, received: number, seconds: number): Promise<boolean>;
  unlockUpload(lock: UploadLock): Promise<void>;
  /**
   * Completes a file. `keep` stores the content while the content's row is locked. Returns false if
   * the lock of the upload was lost, or if the lease on the task of the file has ended.
   */
  complete(lock: UploadLock, sha256: string, size: number, keep: () => Promise<void>): Promise<boolean>;
  /** Deletes an incomplete file. `remove` removes its bytes. */
  discard(lock: UploadLock, remove: () => Promise<void>): Promise<void>;
  /** Attaches complete files to tasks. Returns false if one of the files no longer exists. */
  attach(attachments: readonly Attachment[]): Promise<boolean>;
  /** Returns the files that were attached to a task, those of the payload first. */
  listAttached(taskId: string): Promise<readonly AttachedFile[]>;
  /** Returns the ids of existing tasks that have the file, at most `limit`. */
  findTaskIds(fileId: string, limit: number): Promise<readonly string[]>;
  /**
   * Deletes files that no task has. `remove` removes the uploads of deleted files. Returns the
   * number of deleted files.
   */
  removeOrphans(
    olderThanHours: number,
    limit: number,
    remove: (fileIds: readonly string[]) => Promise<void>,
  ): Promise<number>;
  /** Deletes contents that no file has. `remove` removes the bytes of one. Returns their number. */
  removeUnusedContents(limit: number, remove: (sha256: string) => Promise<void>): Promise<number>;
}
