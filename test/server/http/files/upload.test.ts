import { request } from "node:http";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { API, openApi } from "../api.ts";
import { newRoomId } from "../fixtures.ts";
import { expectProblem, ok } from "../responses.ts";
import { type FilesApi, openFilesApi, sha256 } from "./files.ts";

let api: FilesApi;
let url: string;
beforeAll(async () => {
  api = await openFilesApi({ settings: { file_max_bytes: 1_000_000, room_file_bytes: 2_000_000 } });
  url = await api.app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => api.close());

describe("an upload", () => {
  test("an upload completes the file, with the hash of its content, when the last byte arrives", async () => {
    const room = newRoomId();
    const file = { name: "md.xyz", media_type: "chemical/x-xyz", size: 6, sha256: sha256("abcdef") };

    const created = await api.createFile(room, file);

    const { id } = ok(created, 201);
    expect(created.headers["location"]).toBe(`${API}/files/${id}/upload`);
    expect(created.body).toMatchObject({ room_id: room, is_complete: false, sha256: null, task_id: null });
    expect((await api.readOffset(id)).headers).toMatchObject({ "upload-offset": "0", "upload-length": "6" });
    expect((await api.append(id, "abc")).headers["upload-offset"]).toBe("3");
    expect((await api.readOffset(id)).headers["upload-offset"]).toBe("3");
    expectProblem(await api.download(id), "file-incomplete");
    expect((await api.append(id, "def", 3)).headers["upload-offset"]).toBe("6");
    expect(ok(await api.as("ann").get(`/files/${id}`))).toMatchObject({
      is_complete: true,
      sha256: sha256("abcdef"),
      created_by_id: "ann",
    });
    expect((await api.download(id)).text).toBe("abcdef");
  });

  test("an upload continues after the last stored byte if its connection was cut", async () => {
    const { id } = ok(await api.createFile(newRoomId(), { size: 200_000 }), 201);
    const content = Buffer.alloc(200_000, "abc");
    const sending = request(`${url}${API}/files/${id}/upload`, {
      method: "PATCH",
      headers: {
        "x-user": "ann",
        "content-type": "application/offset+octet-stream",
        "content-length": content.length,
        "upload-offset": 0,
      },
    });
    sending.on("error", () => {});
    await new Promise((resolve) => sending.write(content.subarray(0, 120_000), resolve));
    await expect.poll(() => api.listStored()).toContainEqual(expect.stringContaining(id));
    sending.destroy();
    const readOffset = async () => Number((await api.readOffset(id)).headers["upload-offset"]);
    await expect.poll(readOffset).toBeGreaterThan(0);

    const resume = async () => {
      const offset = await readOffset();
      return (await api.append(id, content.subarray(offset), offset)).status;
    };
    await expect.poll(resume).toBe(204);

    expect(ok(await api.as("ann").get(`/files/${id}`))).toMatchObject({ sha256: sha256(content.toString()) });
  });

  test("is refused while another request appends to it", async () => {
    const { id } = ok(await api.createFile(newRoomId(), { size: 3 }), 201);
    await api.query(sql`update joblib.file set writer_id = id, writer_until = now() + interval '1 minute'
      where id = ${id}::uuid`);

    expectProblem(await api.append(id, "abc"), "upload-conflict");

    await api.query(
      sql`update joblib.file set writer_until = now() - interval '1 second' where id = ${id}::uuid`,
    );
    ok(await api.append(id, "abc"), 204);
  });

  test("an upload accepts only one of several concurrent requests", async () => {
    const { id } = ok(await api.createFile(newRoomId(), { size: 90_000 }), 201);
    const contents = ["a", "b", "c"].map((letter) => letter.repeat(90_000));

    const responses = await Promise.all(contents.map((content) => api.append(id, content)));

    expect(responses.map(({ status }) => status).toSorted()).toEqual([204, 409, 409]);
    expect(contents).toContain((await api.download(id)).text);
  });

  test("is allowed only for the creator of the file", async () => {
    const { id } = ok(await api.createFile(newRoomId(), { size: 3 }), 201);

    for (const user of ["wes", "root"]) {
      expectProblem(await api.append(id, "abc", 0, user), "forbidden");
      expect((await api.readOffset(id, user)).status).toBe(403);
    }
  });
});

describe("a new file", () => {
  test("a new file shares the stored content of an earlier file with the same bytes", async () => {
    const room = newRoomId();
    const content = `content of ${room}`;

    await api.upload(room, content);
    await api.upload(room, content, { sha256: sha256(content) });

    const hash = sha256(content);
    const paths = await api.listStored();
    expect(paths.filter((path) => path.endsWith(hash.slice(2)))).toHaveLength(1);
  });

  test("a new file is refused if its size, or the total size of the room's files, would exceed a limit", async () => {
    const room = newRoomId();

    expectProblem(await api.createFile(room, { size: 1_000_001 }), "file-too-large");
    ok(await api.createFile(room, { size: 1_000_000 }), 201);
    const others = [api.createFile(room, { size: 600_000 }), api.createFile(room, { size: 600_000 })];
    const statuses = (await Promise.all(others)).map(({ status }) => status);

    expect(statuses.toSorted()).toEqual([201, 413]);
    expectProblem(await api.createFile(room, { size: 600_000 }), "quota-exceeded");
    ok(await api.createFile(newRoomId(), { size: 600_000 }), 201);
  });

  test("is refused by a server without a directory for files", async () => {
    await using closing = { api: await openApi(), [Symbol.asyncDispose]: () => closing.api.close() };
    const body = { name: "a", size: 1 };

    const response = await closing.api.as("ann").post(`/rooms/${newRoomId()}/files`, { body });

    const detail = "This server does not store files. Ask the operator to set JOBLIB_FILES_DIR.";
    expect(expectProblem(response, "files-not-supported")).toMatchObject({ detail });
  });
});
