import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NO_METER } from "../../../../server/prometheus/no-meter.ts";
import { createFileSweep } from "../../../../server/storage/queries/file-sweep.ts";
import { createSessions } from "../../../../server/storage/sessions/sessions.ts";
import { newRoomId } from "../fixtures.ts";
import { expectProblem, getErrorPointers, ok } from "../responses.ts";
import { type FilesApi, openFilesApi, sha256 } from "./files.ts";

let api: FilesApi;
beforeAll(async () => {
  api = await openFilesApi({ settings: { task_retention_days: 30 } });
});
afterAll(() => api.close());

const toReference = (id: string) => `files/${id}`;
const listFiles = async (taskId: string, user = "ann") =>
  ok(await api.as(user).get(`/tasks/${taskId}/files`)).items;

/** Creates a running task with a file in its payload. */
async function createRunningTask() {
  const { room, job } = await api.createJob();
  const fileId = await api.upload(room, `payload of ${room}`);
  const { id } = await api.submit(room, job.full_name, { payload: { trajectory: toReference(fileId) } });
  await api.claim(job.worker_id, { start: true });
  const createResultFile = (attempt: number, user = "wes") =>
    api.as(user).post(`/tasks/${id}/files`, { body: { name: "out.mp4", size: 3, attempt } });
  const complete = (video: string) =>
    api.update(id, { status: "completed", worker_id: job.worker_id, attempt: 1, result: { video } });
  return { room, job, fileId, id, createResultFile, complete };
}

describe("the files of a payload", () => {
  test("the files of a payload are listed with their role and pointer", async () => {
    const { fileId, id } = await createRunningTask();

    expect(await listFiles(id)).toEqual([
      expect.objectContaining({ id: fileId, role: "payload", pointer: "/trajectory", is_complete: true }),
    ]);
    expect(await listFiles(id, "rea")).toHaveLength(1);
    expectProblem(await api.as("stranger").get(`/tasks/${id}/files`), "forbidden");
  });

  test("are refused with the pointer for the file of another user", async () => {
    const { room, job } = await api.createJob();
    const payload = { trajectory: toReference(await api.upload(room, "abc", {}, "wes")) };

    const response = await api.as("ann").post(`/rooms/${room}/tasks/${job.full_name}`, { body: { payload } });

    expect(getErrorPointers(response)).toEqual(["/payload/trajectory"]);
  });
});

describe("a job with files", () => {
  test("a job with files is rejected if its schema has a malformed x-joblib-file, or one where the server does not look for files", async () => {
    const schemas = {
      schema: { properties: { a: { type: "string", "x-joblib-file": { max_size: 0 } } } },
      result_schema: { contains: { type: "string", "x-joblib-file": {} } },
    };
    const body = { category: "modifiers", name: "Render", ...schemas };

    const response = await api.as("wes").put(`/rooms/${newRoomId()}/jobs`, { body });

    expect(getErrorPointers(response)).toEqual([
      "/schema/properties/a/x-joblib-file/max_size",
      "/result_schema/contains",
    ]);
  });

  test("a job with files has each file once if its schema refers to one definition many times", async () => {
    const level = (next: string) => ({ allOf: [{ $ref: next }, { $ref: next }] });
    const names = Array.from({ length: 11 }, (_, index) => `#/$defs/d${index + 1}`);
    const levels = Object.fromEntries(names.map((next, index) => [`d${index}`, level(next)]));
    const room = newRoomId();
    const schema = {
      properties: { a: { $ref: "#/$defs/d0" } },
      $defs: { ...levels, d11: { type: "string", "x-joblib-file": {} } },
    };
    const job = await api.registerJob(room, { schema });
    const a = toReference(await api.upload(room, "abc"));

    const { id } = await api.submit(room, job.full_name, { payload: { a } });

    expect(await listFiles(id)).toMatchObject([{ pointer: "/a" }]);
  });
});

describe("the files of a result", () => {
  test("the files of a result are created and uploaded by the worker during its lease", async () => {
    const { id, createResultFile, complete } = await createRunningTask();
    const file = ok(await createResultFile(1), 201);
    expect(file).toMatchObject({ task_id: id, created_by_id: "wes" });
    ok(await api.append(file.id, "abc", 0, "wes"), 204);

    ok(await complete(toReference(file.id)));

    expect(await listFiles(id)).toMatchObject([
      { role: "payload" },
      { id: file.id, role: "result", pointer: "/video" },
    ]);
    expect((await api.download(file.id)).text).toBe("abc");
  });

  test("the files of a result are refused without the lease", async () => {
    const { id, createResultFile, job } = await createRunningTask();
    const file = ok(await createResultFile(1), 201);
    expectProblem(await createResultFile(2), "task-lost");
    expectProblem(await createResultFile(1, "ann"), "forbidden");

    ok(await api.update(id, { status: "failed", worker_id: job.worker_id, attempt: 1 }));

    expectProblem(await createResultFile(1), "task-lost");
    expectProblem(await api.append(file.id, "abc", 0, "wes"), "task-lost");
  });
});

describe("a sweep of files", () => {
  const ageFiles = (...ids: string[]) =>
    api.query(sql`update joblib.file set created_at = created_at - interval '25 hours'
      where id = any (${`{${ids.join(",")}}`}::uuid[])`);
  const isStored = async (content: string) =>
    (await api.listStored()).some((path) => path.endsWith(sha256(content).slice(2)));

  test("a sweep of files deletes old files that belong to no task, and a content when its last file is deleted", async () => {
    const { room, job } = await api.createJob();
    const [used, unused, content] = [`used ${room}`, `unused ${room}`, `twice ${room}`];
    const usedId = await api.upload(room, used);
    const unusedId = await api.upload(room, unused);
    const oldId = await api.upload(room, content);
    const newId = await api.upload(room, content);
    const incomplete = ok(await api.createFile(room, { size: 6 }), 201).id;
    ok(await api.append(incomplete, "abc"), 204);
    await api.submit(room, job.full_name, { payload: { trajectory: toReference(usedId) } });
    await ageFiles(usedId, unusedId, oldId, incomplete);

    await api.sweep();

    expect((await api.download(usedId)).text).toBe(used);
    expectProblem(await api.as("ann").get(`/files/${unusedId}`), "file-not-found");
    expectProblem(await api.as("ann").get(`/files/${oldId}`), "file-not-found");
    expectProblem(await api.as("ann").get(`/files/${incomplete}`), "file-not-found");
    expect((await api.download(newId)).text).toBe(content);
    expect(await isStored(unused)).toBe(false);
    expect((await api.listStored()).filter((path) => path.endsWith(incomplete))).toEqual([]);
  });

  test("a sweep of files deletes the files of a task together with the task", async () => {
    const { id, room, fileId, complete } = await createRunningTask();
    ok(await complete(toReference(fileId)));
    await ageFiles(fileId);
    await api.ageTask(id, 31 * 86_400);

    await api.sweep();

    expectProblem(await api.as("ann").get(`/files/${fileId}`), "file-not-found");
    expect(await isStored(`payload of ${room}`)).toBe(false);
  });

  test("a sweep of files checks a bounded number of files per call, and all files within several calls", async () => {
    const { room, job } = await api.createJob();
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) ids.push(await api.upload(room, `${index} of ${room}`));
    const used = ids.filter((_, index) => index % 3 !== 2);
    const unused = ids.filter((id) => !used.includes(id));
    for (const id of used)
      await api.submit(room, job.full_name, { payload: { trajectory: toReference(id) } });
    const lost = { taskId: randomUUID(), fileId: unused[0] };
    await api.query(sql`insert into joblib.task_file (task_id, role, pointer, file_id, created_at)
      values (${lost.taskId}::uuid, 'payload', '', ${lost.fileId}::uuid, now() - interval '2 hours')`);
    await ageFiles(...ids);
    const { removeOrphans } = createFileSweep(createSessions(api.orm, undefined, NO_METER), 2);
    const removed: string[] = [];
    const remove = async (batch: readonly string[]) => void removed.push(...batch);

    expect(await removeOrphans(24, 100, remove)).toBeLessThanOrEqual(2);
    expect(removed).not.toEqual(expect.arrayContaining(unused));
    await expect
      .poll(() => removeOrphans(24, 100, remove).then(() => removed))
      .toEqual(expect.arrayContaining(unused));

    expect(removed).not.toEqual(expect.arrayContaining(used.slice(0, 1)));
    for (const id of used) expect((await api.download(id)).status).toBe(200);
  });
});
