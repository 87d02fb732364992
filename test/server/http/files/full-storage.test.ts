import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileDirectory } from "../../../../server/storage/files/file-directory.ts";
import { StorageFull, type UploadWriter } from "../../../../server/storage/ports/file-contents.ts";
import { newRoomId } from "../fixtures.ts";
import { ok } from "../responses.ts";
import { createAppender } from "./appender.ts";
import { type FilesApi, openFilesApi, sha256 } from "./files.ts";

let api: FilesApi;
beforeAll(async () => {
  api = await openFilesApi();
});
afterAll(() => api.close());

/** A directory on a disk that has space for a number of bytes. */
class SmallDisk extends FileDirectory {
  free = Number.POSITIVE_INFINITY;
  isFullForRename = false;

  override async openUpload(fileId: string): Promise<UploadWriter> {
    const writer = await super.openUpload(fileId);
    return {
      flush: () => writer.flush(),
      close: () => writer.close(),
      write: async (bytes, offset) => {
        if (bytes.length > this.free) throw new StorageFull("full");
        this.free -= bytes.length;
        await writer.write(bytes, offset);
      },
    };
  }

  override async keepUpload(...args: Parameters<FileDirectory["keepUpload"]>): Promise<void> {
    if (this.isFullForRename) throw new StorageFull("full");
    await super.keepUpload(...args);
  }
}

/** Returns functions that append parts to an upload of `ann` on a small disk. */
function openSmallDisk() {
  const fileContents = new SmallDisk(api.filesDir);
  return { ...createAppender(api, "ann", fileContents), fileContents };
}

const FULL = { id: "insufficient-storage", retryAfter: 60 };

test("an upload to a full disk gets a 507, keeps the bytes that were stored, and continues when the disk has space", async () => {
  const { id } = ok(await api.createFile(newRoomId(), { size: 9, sha256: sha256("abcdefghi") }), 201);
  const { fileContents, logged, append, readOffset } = openSmallDisk();

  fileContents.free = 4;
  await expect(append(id, 0, ["abc", "def", "ghi"])).rejects.toMatchObject(FULL);
  expect(await readOffset(id)).toBe(3);
  await expect(append(id, 3, ["def"])).rejects.toMatchObject(FULL);
  expect(await readOffset(id)).toBe(3);

  fileContents.free = 100;
  expect(await append(id, 3, ["def", "ghi"])).toBe(9);

  expect((await api.download(id)).text).toBe("abcdefghi");
  expect(logged).toEqual(Array(2).fill("the storage for files is full"));
});

test("an upload whose content cannot be stored can send its last byte again", async () => {
  const { id } = ok(await api.createFile(newRoomId(), { size: 3 }), 201);
  const { fileContents, append, readOffset } = openSmallDisk();

  fileContents.isFullForRename = true;
  await expect(append(id, 0, ["xyz"])).rejects.toMatchObject(FULL);
  expect(await readOffset(id)).toBe(2);

  fileContents.isFullForRename = false;
  expect(await append(id, 2, ["z"])).toBe(3);

  expect((await api.download(id)).text).toBe("xyz");
});

test("a write that the operating system refuses with ENOSPC throws StorageFull", async () => {
  await mkdir(join(api.filesDir, "uploads"), { recursive: true });
  await symlink("/dev/full", join(api.filesDir, "uploads", "full"));
  const writer = await new FileDirectory(api.filesDir).openUpload("full");

  await expect(writer.write(Buffer.from("abc"), 0)).rejects.toThrow(StorageFull);

  await writer.close();
});
