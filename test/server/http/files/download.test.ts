import { truncate } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newRoomId } from "../fixtures.ts";
import { expectProblem } from "../responses.ts";
import { type FilesApi, openFilesApi, sha256 } from "./files.ts";

const CONTENT = "0123456789";

let api: FilesApi;
let id: string;
beforeAll(async () => {
  api = await openFilesApi();
  id = await api.upload(newRoomId(), CONTENT, { name: 'Käse "1".html', media_type: "text/html" });
});
afterAll(() => api.close());

const etag = `"${sha256(CONTENT)}"`;

describe("a download", () => {
  test("a download has headers that make a browser save it and never show it, whatever its media type is", async () => {
    const response = await api.download(id);

    expect(response).toMatchObject({ status: 200, text: CONTENT });
    expect(response.headers).toMatchObject({
      etag,
      "accept-ranges": "bytes",
      "content-type": "text/html",
      "content-length": "10",
      "content-disposition": `attachment; filename="K_se _1_.html"; filename*=UTF-8''K%C3%A4se%20%221%22.html`,
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
    });
  });

  test.each([
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-2", "89", "bytes 8-9/10"],
    ["bytes=-20", CONTENT, "bytes 0-9/10"],
    ["bytes=8-100", "89", "bytes 8-9/10"],
  ])("a download with the range %s returns %j", async (range, text, contentRange) => {
    const response = await api.download(id, { range });

    expect(response).toMatchObject({ status: 206, text });
    expect(response.headers).toMatchObject({
      "content-range": contentRange,
      "content-length": String(text.length),
    });
  });

  test.each([
    "bytes=10-",
    "bytes=-0",
  ])("a download with the range %s, which is outside of the content, gets 416", async (range) => {
    const response = await api.download(id, { range });

    expectProblem(response, "range-not-satisfiable");
    expect(response.headers["content-range"]).toBe("bytes */10");
  });

  test.each([
    "bytes=3-1",
    "bytes=0-1,3-4",
    "lines=1-2",
    "bytes=x",
  ])("a download with the unsupported range %s returns the whole content", async (range) => {
    expect(await api.download(id, { range })).toMatchObject({ status: 200, text: CONTENT });
  });

  test("a download with If-Range returns the range only if the content is the same", async () => {
    const range = "bytes=1-2";

    expect(await api.download(id, { range, "if-range": etag })).toMatchObject({ status: 206, text: "12" });
    expect(await api.download(id, { range, "if-range": '"other"' })).toMatchObject({ status: 200 });
  });

  test("a download with the current ETag returns 304", async () => {
    expect(await api.download(id, { "if-none-match": etag })).toMatchObject({ status: 304, text: "" });
  });

  test("a download of another user's file is refused until the file belongs to a task that the caller can read", async () => {
    const { room, job } = await api.createJob();
    const fileId = await api.upload(room, CONTENT);
    expectProblem(await api.download(fileId, {}, "rea"), "forbidden");
    expectProblem(await api.download(fileId, {}, "wes"), "forbidden");
    expect((await api.download(fileId, {}, "root")).status).toBe(200);

    await api.submit(room, job.full_name, { payload: { trajectory: `files/${fileId}` } });

    expect((await api.download(fileId, {}, "rea")).text).toBe(CONTENT);
    expectProblem(await api.download(fileId, {}, "stranger"), "forbidden");
  });

  test("a download fails with a problem that names the file if the content is missing or damaged", async () => {
    const room = newRoomId();
    const content = `content of ${room}`;
    const fileId = await api.upload(room, content);
    const [path = ""] = (await api.listStored()).filter((one) => one.endsWith(sha256(content).slice(2)));
    await truncate(path, 3);

    const problem = expectProblem(await api.download(fileId), "internal-error");

    expect(problem).toMatchObject({ detail: `The content of the file ${fileId} is missing on the server.` });
    expectProblem(await api.download("..%2F..%2Fetc%2Fpasswd"), "file-not-found");
    expectProblem(await api.download("nothing"), "file-not-found");
  });
});
