import { PassThrough } from "node:stream";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { UPLOAD_LOCK_SECONDS } from "../../../../server/use-cases/files/append-to-upload.ts";
import { newRoomId } from "../fixtures.ts";
import { expectProblem, ok } from "../responses.ts";
import { createAppender } from "./appender.ts";
import { type FilesApi, openFilesApi } from "./files.ts";

let api: FilesApi;
beforeAll(async () => {
  api = await openFilesApi();
});
afterAll(() => api.close());
afterEach(() => {
  vi.restoreAllMocks();
});

/** Ends the lock of an upload, as if its request had sent nothing for longer than the lock. */
async function endLock(id: string): Promise<void> {
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + UPLOAD_LOCK_SECONDS * 1000);
  await api.query(
    sql`update joblib.file set writer_until = now() - interval '1 second' where id = ${id}::uuid`,
  );
}

async function isLocked(id: string): Promise<boolean> {
  const { rows } = await api.query(
    sql`select 1 from joblib.file where id = ${id}::uuid and writer_id is not null`,
  );
  return rows.length > 0;
}

test("a request that lost the lock of its upload cannot change the content that another request has completed", async () => {
  const { append } = createAppender(api);
  const { id } = ok(await api.createFile(newRoomId(), { size: 6 }), 201);
  const slow = new PassThrough();
  const stalled = append(id, 0, slow);
  await expect.poll(() => isLocked(id)).toBe(true);
  await endLock(id);
  ok(await api.append(id, "abcdef"), 204);

  slow.end("ABC");

  await expect(stalled).rejects.toMatchObject({ id: "upload-conflict" });
  expect((await api.download(id)).text).toBe("abcdef");
});

test("a request keeps the lock of its upload if no other request wanted it meanwhile", async () => {
  const { append } = createAppender(api);
  const { id } = ok(await api.createFile(newRoomId(), { size: 6 }), 201);
  const slow = new PassThrough();
  const stalled = append(id, 0, slow);
  await expect.poll(() => isLocked(id)).toBe(true);
  await endLock(id);

  slow.end("abcdef");

  expect(await stalled).toBe(6);
  expect((await api.download(id)).text).toBe("abcdef");
});

test("a file for a result is not completed by a request during which the lease ended", async () => {
  const { append } = createAppender(api, "wes");
  const { room, job } = await api.createJob();
  const task = await api.submit(room, job.full_name);
  await api.claim(job.worker_id, { start: true });
  const body = { name: "video.mp4", size: 6, attempt: 1 };
  const { id } = ok(await api.as("wes").post(`/tasks/${task.id}/files`, { body }), 201);
  const slow = new PassThrough();
  const uploading = append(id, 0, slow);
  slow.write("abc");
  await expect.poll(() => isLocked(id)).toBe(true);

  ok(await api.as("ann").patch(`/tasks/${task.id}`, { body: { status: "cancelled" } }));
  slow.end("def");

  await expect(uploading).rejects.toMatchObject({ id: "task-lost" });
  expect(ok(await api.as("wes").get(`/files/${id}`))).toMatchObject({ is_complete: false });
  expectProblem(await api.append(id, "def", 3, "wes"), "task-lost");
});

test("an upload whose content was stored before the database failed begins again at the first byte", async () => {
  const { append, fileContents } = createAppender(api);
  const { id } = ok(await api.createFile(newRoomId(), { size: 6 }), 201);
  const keep = vi.spyOn(fileContents, "keepUpload");
  keep.mockImplementation(async (...args) => {
    keep.mockRestore();
    await fileContents.keepUpload(...args);
    throw new Error("the connection to the database was closed");
  });
  await expect(append(id, 0, ["abcdef"])).rejects.toThrow("the connection to the database was closed");
  expect((await api.readOffset(id)).headers["upload-offset"]).toBe("0");

  ok(await api.append(id, "abcdef"), 204);

  expect((await api.download(id)).text).toBe("abcdef");
});
