import { type DefaultBodyType, type HttpHandler, HttpResponse, http, type StrictRequest } from "msw";
import { fileTransfers, Problem, parseRange, TUS_VERSION, UPLOAD_MEDIA_TYPE } from "../../protocol/index.ts";
import type { FakeFile } from "./fake-files.ts";
import type { FakeState } from "./fake-state.ts";
import { toProblemResponse } from "./handlers.ts";

type Answer = (request: StrictRequest<DefaultBodyType>, file: FakeFile) => Response | Promise<Response>;

/** Creates the handlers that upload and download the content of files. */
export function createTransferHandlers(state: FakeState, url: string): HttpHandler[] {
  const { downloadFile, readUpload, appendToUpload } = fileTransfers;
  const resolve =
    (answer: Answer) =>
    async ({ request, params }: { request: StrictRequest<DefaultBodyType>; params: object }) => {
      try {
        return await answer(request, state.files.get(String(Reflect.get(params, "file_id"))));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return toProblemResponse(error);
      }
    };
  return [
    http.get(url + downloadFile.path, resolve(sendContent)),
    http.head(url + readUpload.path, resolve(sendOffset)),
    http.patch(
      url + appendToUpload.path,
      resolve((request, file) => append(state, request, file)),
    ),
  ];
}

function sendContent({ headers }: Request, { wire: { sha256, media_type }, content }: FakeFile): Response {
  if (sha256 === null) throw new Problem("file-incomplete", "The upload of the file is not complete yet.");
  const etag = `"${sha256}"`;
  if (headers.get("if-none-match") === etag)
    return new HttpResponse(null, { status: 304, headers: { etag } });
  const isSame = (headers.get("if-range") ?? etag) === etag;
  const range = isSame ? parseRange(headers.get("range"), content.length) : undefined;
  if (range === "unsatisfiable") {
    const problem = new Problem("range-not-satisfiable", `The file has ${content.length} bytes.`);
    const response = toProblemResponse(problem);
    response.headers.set("content-range", `bytes */${content.length}`);
    return response;
  }
  const { first, last } = range ?? { first: 0, last: content.length - 1 };
  const body = new Uint8Array(content.subarray(first, last + 1));
  return new HttpResponse(body, {
    status: range === undefined ? 200 : 206,
    headers: {
      etag,
      "accept-ranges": "bytes",
      "content-type": media_type,
      "content-length": String(body.length),
      ...(range !== undefined && { "content-range": `bytes ${first}-${last}/${content.length}` }),
    },
  });
}

function sendOffset({ headers }: Request, file: FakeFile): Response {
  requireTus(headers);
  return createOffsetResponse(file, 200);
}

async function append(state: FakeState, request: Request, file: FakeFile): Promise<Response> {
  const { headers } = request;
  requireTus(headers);
  const offset = parseOffset(headers);
  if (headers.get("content-type") !== UPLOAD_MEDIA_TYPE)
    throw new Problem("unsupported-media-type", `The content type must be ${UPLOAD_MEDIA_TYPE}.`);
  requireLease(state, file);
  const received = file.content.length;
  if (offset !== received)
    throw new Problem("upload-conflict", `The upload continues at offset ${received}, not ${offset}.`);
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (!file.wire.is_complete) state.files.append(file, bytes);
  return createOffsetResponse(file, 204);
}

function createOffsetResponse({ wire, content }: FakeFile, status: number): Response {
  const headers = {
    "tus-resumable": TUS_VERSION,
    "upload-offset": String(content.length),
    "upload-length": String(wire.size),
  };
  return new HttpResponse(null, { status, headers });
}

function requireTus(headers: Headers): void {
  if ((headers.get("tus-resumable") ?? TUS_VERSION) === TUS_VERSION) return;
  throw new Problem("malformed-request", `This server supports version ${TUS_VERSION} of tus.`);
}

function parseOffset(headers: Headers): number {
  const text = headers.get("upload-offset") ?? "";
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Problem("malformed-request", "The header Upload-Offset must be a number of bytes.");
}

/** Throws a 409 if the file belongs to an attempt that has ended. */
function requireLease(state: FakeState, { wire: { task_id: taskId }, attempt }: FakeFile): void {
  if (taskId !== null && attempt !== undefined) state.requireLease(taskId, attempt);
}
