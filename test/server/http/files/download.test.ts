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

  test("is refused for another user's file until a readable task has the file", async () => {
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
