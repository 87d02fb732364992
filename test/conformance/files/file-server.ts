import { hash, randomUUID } from "node:crypto";
import {
  type NewFile,
  type ProblemDocument,
  type StoredFile,
  UPLOAD_MEDIA_TYPE,
} from "../../../protocol/index.ts";
import type { JoblibClient } from "../../../sdk/http/client.ts";

/** A server that the file suite tests. */
export interface FileServer {
  readonly client: JoblibClient;
  readonly url: string;
  close(): unknown;
}

const API = "/v1/joblib";
const JOB = "private:tests:Render";

const SCHEMA = {
  type: "object",
  properties: {
    trajectory: {
      ...{ type: "string", format: "uri-reference" },
      "x-joblib-file": { media_types: ["chemical/*"], max_size: 1000 },
    },
    note: { type: "string" },
  },
};
const RESULT_SCHEMA = {
  type: "object",
  properties: { video: { type: "string", format: "uri-reference", "x-joblib-file": {} } },
};

export const sha256 = (content: string): string => hash("sha256", content);

export const newRoom = (): string => `room-${randomUUID()}`;

/** A response whose body was read. */
export interface TextResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Returns the type of a problem document, for example `upload-conflict`, and the pointers of its errors. */
export function describeProblem({ status, text }: TextResponse) {
  const { type, errors }: ProblemDocument = JSON.parse(text);
  const pointers = errors?.map(({ pointer }) => pointer);
  return { status, type: type.split("/").at(-1), ...(pointers !== undefined && { pointers }) };
}

/** Sends requests about files to a server. */
export function createFileRequests({ client, url }: Pick<FileServer, "client" | "url">) {
  async function send(method: string, path: string, init: RequestInit = {}): Promise<TextResponse> {
    const response = await fetch(url + API + path, { method, ...init });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  const sendJson = (path: string, body: unknown, method = "POST") =>
    send(method, path, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

  const createFile = (room: string, file: Partial<NewFile>) =>
    sendJson(`/rooms/${room}/files`, { name: "a.xyz", ...file });

  const parseFile = ({ text }: TextResponse): StoredFile => JSON.parse(text);

  const append = (id: string, content: string, offset = 0, headers: Record<string, string> = {}) =>
    send("PATCH", `/files/${id}/upload`, {
      headers: { "content-type": UPLOAD_MEDIA_TYPE, "upload-offset": String(offset), ...headers },
      body: new TextEncoder().encode(content),
    });

  const readOffset = async (id: string) => {
    const { headers } = await send("HEAD", `/files/${id}/upload`, { headers: { "tus-resumable": "1.0.0" } });
    return headers.get("upload-offset");
  };

  const download = (id: string, headers: Record<string, string> = {}) =>
    send("GET", `/files/${id}/content`, { headers });

  /** Creates a file and uploads its content. Returns its id. */
  async function upload(room: string, content: string, file: Partial<NewFile> = {}): Promise<string> {
    const created = await createFile(room, { media_type: "chemical/x-xyz", size: content.length, ...file });
    const { id } = parseFile(created);
    await append(id, content);
    return id;
  }

  /** Registers a job with files in its payload and its result. */
  async function createJob(room = newRoom()) {
    const worker = (await client.workers.create()).id;
    const job = { category: "tests", name: "Render", schema: SCHEMA, result_schema: RESULT_SCHEMA };
    await client.jobs.register(room, { ...job, worker_id: worker });
    return { room, worker };
  }

  const submit = (room: string, payload: object) => sendJson(`/rooms/${room}/tasks/${JOB}`, { payload });
  const submitMany = (room: string, payloads: readonly object[]) =>
    sendJson(`/rooms/${room}/tasks`, { tasks: payloads.map((payload) => ({ job_name: JOB, payload })) });

  /** Creates a running task with a file in its payload. */
  async function createRunningTask() {
    const { room, worker } = await createJob();
    const fileId = await upload(room, `payload of ${room}`);
    const { id } = await client.tasks.submit(room, JOB, { payload: { trajectory: `files/${fileId}` } });
    await client.workers.claim(worker, { limit: 1, start: true });
    const createResultFile = (attempt: number) =>
      sendJson(`/tasks/${id}/files`, { name: "out.mp4", size: 3, attempt });
    const update = (body: object) =>
      sendJson(`/tasks/${id}`, { worker_id: worker, attempt: 1, ...body }, "PATCH");
    const complete = (fileId: string) =>
      update({ status: "completed", result: { video: `files/${fileId}` } });
    return { room, fileId, id, createResultFile, update, complete };
  }

  return {
    ...{ send, createFile, parseFile, append, readOffset, download, upload },
    ...{ createJob, submit, submitMany, createRunningTask },
  };
}
export type FileRequests = ReturnType<typeof createFileRequests>;
