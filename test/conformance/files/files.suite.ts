import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createFileRequests,
  describeProblem,
  type FileRequests,
  type FileServer,
  newRoom,
  sha256,
} from "./file-server.ts";

/** Tests that a server stores files, and checks the references to files in payloads and results. */
export function fileSuite(name: string, connect: () => Promise<FileServer>): void {
  describe(name, () => {
    let server: FileServer;
    let api: FileRequests;
    beforeAll(async () => {
      server = await connect();
      api = createFileRequests(server);
    });
    afterAll(() => server?.close());

    const readFile = async (id: string) => server.client.files.get(id);
    const listFiles = (taskId: string) => server.client.files.list(taskId);

    describe("an upload", () => {
      test("completes the file with the hash of its content when the last byte arrives", async () => {
        const room = newRoom();
        const file = { name: "md.xyz", media_type: "chemical/x-xyz", size: 6, sha256: sha256("abcdef") };

        const created = await api.createFile(room, file);

        const { id, ...rest } = api.parseFile(created);
        expect(created.status).toBe(201);
        expect(created.headers.get("location")).toBe(`/v1/joblib/files/${id}/upload`);
        expect(rest).toMatchObject({ room_id: room, is_complete: false, sha256: null, task_id: null });
        expect(await api.readOffset(id)).toBe("0");
        expect((await api.append(id, "abc")).headers.get("upload-offset")).toBe("3");
        expect(await api.readOffset(id)).toBe("3");
        expect(describeProblem(await api.download(id))).toEqual({ status: 409, type: "file-incomplete" });
        expect(await api.append(id, "def", 3)).toMatchObject({ status: 204 });
        expect(await api.readOffset(id)).toBe("6");
        expect(await readFile(id)).toMatchObject({ is_complete: true, sha256: sha256("abcdef") });
        expect((await api.download(id)).text).toBe("abcdef");
      });

      test("is refused at another offset", async () => {
        const { id } = api.parseFile(await api.createFile(newRoom(), { size: 6 }));
        expect(await api.append(id, "abc")).toMatchObject({ status: 204 });

        for (const offset of [0, 5]) {
          const response = await api.append(id, "f", offset);
          expect(describeProblem(response)).toEqual({ status: 409, type: "upload-conflict" });
        }

        expect(await api.readOffset(id)).toBe("3");
      });

      test("with another hash than the declared one is discarded", async () => {
        const { id } = api.parseFile(await api.createFile(newRoom(), { size: 3, sha256: sha256("abd") }));

        const response = await api.append(id, "abc");

        expect(describeProblem(response)).toMatchObject({ status: 422, pointers: ["/sha256"] });
        expect(describeProblem(await api.send("GET", `/files/${id}`))).toMatchObject({
          type: "file-not-found",
        });
      });

      test("is refused if it is larger than its declared size", async () => {
        const { id } = api.parseFile(await api.createFile(newRoom(), { size: 3 }));

        expect(describeProblem(await api.append(id, "abcd"))).toEqual({
          status: 413,
          type: "file-too-large",
        });

        expect(await readFile(id)).toMatchObject({ is_complete: false });
      });

      test("needs no request if the file is empty", async () => {
        const created = api.parseFile(await api.createFile(newRoom(), { size: 0 }));

        expect(created).toMatchObject({ is_complete: true, sha256: sha256("") });
        expect(await api.download(created.id)).toMatchObject({ status: 200, text: "" });
      });

      test.each([
        ["another media type", { "content-type": "text/plain" }, "unsupported-media-type"],
        ["no offset", { "upload-offset": "" }, "malformed-request"],
        ["a negative offset", { "upload-offset": "-1" }, "malformed-request"],
        ["another version of tus", { "tus-resumable": "0.2" }, "malformed-request"],
      ])("is refused with %s", async (_, headers, type) => {
        const { id } = api.parseFile(await api.createFile(newRoom(), { size: 3 }));

        expect(describeProblem(await api.append(id, "abc", 0, headers))).toMatchObject({ type });
      });
    });

    describe("a new file", () => {
      test.each([
        "../a",
        "a/b",
        "a\\b",
        "..",
        ".",
        "",
        "a\nb",
        "a\u007fb",
        "é".repeat(128),
      ])("is refused with the name %j", async (fileName) => {
        const response = await api.createFile(newRoom(), { name: fileName, size: 1 });

        expect(describeProblem(response)).toMatchObject({ status: 422, pointers: ["/name"] });
      });

      test.each([
        "text",
        "text/html\r\nx: y",
        "a/b; c",
        "é/x",
      ])("is refused with the media type %j", async (media_type) => {
        const response = await api.createFile(newRoom(), { media_type, size: 1 });

        expect(describeProblem(response)).toMatchObject({ status: 422, pointers: ["/media_type"] });
      });
    });

    describe("a download", () => {
      const CONTENT = "0123456789";
      const etag = `"${sha256(CONTENT)}"`;
      let id = "";
      beforeAll(async () => {
        id = await api.upload(newRoom(), CONTENT);
      });

      test.each([
        ["bytes=0-3", "0123", "bytes 0-3/10"],
        ["bytes=7-", "789", "bytes 7-9/10"],
        ["bytes=-2", "89", "bytes 8-9/10"],
        ["bytes=-20", CONTENT, "bytes 0-9/10"],
        ["bytes=8-100", "89", "bytes 8-9/10"],
      ])("with the range %s returns %j", async (range, text, contentRange) => {
        const response = await api.download(id, { range });

        expect(response).toMatchObject({ status: 206, text });
        expect(response.headers.get("content-range")).toBe(contentRange);
        expect(response.headers.get("content-length")).toBe(String(text.length));
      });

      test.each([
        "bytes=10-",
        "bytes=-0",
      ])("with the range %s outside of the content gets 416", async (range) => {
        const response = await api.download(id, { range });

        expect(describeProblem(response)).toEqual({ status: 416, type: "range-not-satisfiable" });
        expect(response.headers.get("content-range")).toBe("bytes */10");
      });

      test.each([
        "bytes=3-1",
        "bytes=0-1,3-4",
        "lines=1-2",
        "bytes=x",
      ])("ignores the range %s", async (range) => {
        expect(await api.download(id, { range })).toMatchObject({ status: 200, text: CONTENT });
      });

      test("with If-Range returns the range only of the same content", async () => {
        const range = "bytes=1-2";

        expect(await api.download(id, { range, "if-range": etag })).toMatchObject({
          status: 206,
          text: "12",
        });
        expect(await api.download(id, { range, "if-range": '"other"' })).toMatchObject({ status: 200 });
      });

      test("has the media type and the hash of the file, and with the current ETag returns 304", async () => {
        const { headers } = await api.download(id);
        expect([headers.get("etag"), headers.get("content-type")]).toEqual([etag, "chemical/x-xyz"]);

        expect(await api.download(id, { "if-none-match": etag })).toMatchObject({ status: 304, text: "" });
      });

      test("is not possible for an unknown file, and gets 404", async () => {
        expect(describeProblem(await api.download("nothing"))).toEqual({
          status: 404,
          type: "file-not-found",
        });
      });
    });

    describe("the files of a payload", () => {
      test.each([
        ["a file that does not exist", async () => "files/00000000-0000-0000-0000-000000000000"],
        ["no reference", async () => "../files/x"],
        [
          "an incomplete file",
          async (room: string) => `files/${api.parseFile(await api.createFile(room, { size: 3 })).id}`,
        ],
        [
          "a file of another room",
          async (room: string) => `files/${await api.upload(`${room}-other`, "abc")}`,
        ],
        [
          "a file of another type",
          async (room: string) => `files/${await api.upload(room, "abc", { media_type: "text/plain" })}`,
        ],
        [
          "a file that is too large",
          async (room: string) => `files/${await api.upload(room, "x".repeat(1001))}`,
        ],
      ])("are refused with the pointer for %s", async (_, create) => {
        const { room } = await api.createJob();
        const payload = { trajectory: await create(room) };

        const one = describeProblem(await api.submit(room, payload));
        const many = describeProblem(await api.submitMany(room, [{}, payload]));

        expect(one).toMatchObject({ status: 422, pointers: ["/payload/trajectory"] });
        expect(many).toMatchObject({ status: 422, pointers: ["/tasks/1/payload/trajectory"] });
        expect((await server.client.tasks.list(room)).items).toEqual([]);
      });

      test("are listed with their pointer, and plain text in other members is not", async () => {
        const { room } = await api.createJob();
        const fileId = await api.upload(room, "abc");
        const payload = { trajectory: `files/${fileId}`, note: "files/nothing" };

        const { text } = await api.submit(room, payload);

        expect(await listFiles(JSON.parse(text).id)).toEqual([
          { ...(await readFile(fileId)), role: "payload", pointer: "/trajectory" },
        ]);
      });
    });

    describe("the files of a result", () => {
      test("are created and uploaded by the worker during its lease", async () => {
        const { id, createResultFile, complete } = await api.createRunningTask();
        const file = api.parseFile(await createResultFile(1));
        expect(file).toMatchObject({ task_id: id });
        expect(await api.append(file.id, "abc")).toMatchObject({ status: 204 });

        expect(await complete(file.id)).toMatchObject({ status: 200 });

        expect(await listFiles(id)).toMatchObject([
          { role: "payload" },
          { id: file.id, role: "result", pointer: "/video" },
        ]);
        expect((await api.download(file.id)).text).toBe("abc");
      });

      test("are refused without the lease", async () => {
        const { createResultFile, update } = await api.createRunningTask();
        const file = api.parseFile(await createResultFile(1));
        expect(describeProblem(await createResultFile(2))).toEqual({ status: 409, type: "task-lost" });

        await update({ status: "failed", error: "broken" });

        expect(describeProblem(await createResultFile(1))).toEqual({ status: 409, type: "task-lost" });
        expect(describeProblem(await api.append(file.id, "abc"))).toMatchObject({ type: "task-lost" });
      });

      test("are refused if they are incomplete, or were created elsewhere", async () => {
        const { room, id, fileId, createResultFile, complete } = await api.createRunningTask();
        const incomplete = api.parseFile(await createResultFile(1)).id;
        const foreign = await api.upload(room, "abc");

        for (const other of [incomplete, foreign]) {
          const refused = describeProblem(await complete(other));
          expect(refused).toMatchObject({ status: 422, pointers: ["/result/video"] });
        }
        expect(await server.client.tasks.get(id)).toMatchObject({ status: "running" });

        expect(await complete(fileId)).toMatchObject({ status: 200 });
      });
    });
  });
}
