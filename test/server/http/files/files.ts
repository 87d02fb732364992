import { hash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API, type ApiOptions, openApi } from "../api.ts";
import { newRoomId } from "../fixtures.ts";
import { ok } from "../responses.ts";

export const FILE_SCHEMA = {
  type: "object",
  properties: {
    trajectory: {
      type: "string",
      format: "uri-reference",
      "x-joblib-file": { media_types: ["chemical/*"], max_size: 1000 },
    },
    note: { type: "string" },
  },
};
export const RESULT_SCHEMA = {
  type: "object",
  properties: { video: { type: "string", format: "uri-reference", "x-joblib-file": {} } },
};

export const sha256 = (content: string) => hash("sha256", content);

/** Starts an API that stores files in a temporary directory. */
export async function openFilesApi(options: ApiOptions = {}) {
  const filesDir = await mkdtemp(join(tmpdir(), "joblib-files-"));
  const settings = { files_dir: filesDir, ...options.settings };
  const api = await openApi({ ...options, settings });

  async function append(id: string, content: string | Buffer, offset = 0, user = "ann") {
    const headers = { "content-type": "application/offset+octet-stream", "tus-resumable": "1.0.0" };
    return api.as(user).patch(`/files/${id}/upload`, {
      raw: content,
      headers: { ...headers, "upload-offset": String(offset) },
    });
  }

  function createFile(room: string, file: object, user = "ann") {
    return api.as(user).post(`/rooms/${room}/files`, { body: { name: "a.xyz", ...file } });
  }

  /** Creates a file and uploads its content. */
  async function upload(room: string, content: string, file: object = {}, user = "ann") {
    const body = { media_type: "chemical/x-xyz", size: content.length, ...file };
    const { id } = ok(await createFile(room, body, user), 201);
    ok(await append(id, content, 0, user), 204);
    return id;
  }

  const readOffset = async (id: string, user = "ann") =>
    api.send("HEAD", `${API}/files/${id}/upload`, { headers: { "x-user": user } });

  const download = (id: string, headers: Record<string, string> = {}, user = "ann") =>
    api.as(user).get(`/files/${id}/content`, { headers });

  /** Registers a job with files in its payload and its result. */
  async function createJob(room = newRoomId()) {
    const job = await api.registerJob(room, { schema: FILE_SCHEMA, result_schema: RESULT_SCHEMA });
    return { room, job };
  }

  /** Returns the paths of all files in the directory. */
  async function listStored(): Promise<string[]> {
    const entries = await readdir(filesDir, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  }

  async function close(): Promise<void> {
    await api.close();
    await rm(filesDir, { recursive: true });
  }

  return { ...api, filesDir, append, createFile, upload, readOffset, download, createJob, listStored, close };
}
export type FilesApi = Awaited<ReturnType<typeof openFilesApi>>;
