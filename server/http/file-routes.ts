import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import { fileTransfers, Problem, parseRange, TUS_VERSION, UPLOAD_MEDIA_TYPE } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { matchesTag } from "../if-none-match.ts";
import { appendToUpload, readUpload } from "../use-cases/files/append-to-upload.ts";
import { type CompleteFile, findContent, openContent } from "../use-cases/files/read-file.ts";
import { getCaller, getPathParam } from "./callers.ts";
import type { RouteDependencies } from "./operation-route.ts";
import { malformed, routeNotFound, unsupportedMediaType } from "./problems.ts";
import { createRoute, discardBody } from "./transfer-routes.ts";

/**
 * Time for downloads and uploads to finish when the server shuts down, in milliseconds. Interrupted
 * transfers are resumed by the clients.
 */
const GRACE_MS = 5_000;

/** Adds the routes that upload and download the content of files. */
export function addFileRoutes(app: FastifyInstance, context: Context, dependencies: RouteDependencies): void {
  const transfers = new Set<FastifyReply>();
  function track(reply: FastifyReply): void {
    transfers.add(reply);
    reply.raw.once("close", () => transfers.delete(reply));
  }
  app.addHook("preClose", async () => {
    setTimeout(() => {
      for (const { raw } of transfers) raw.destroy();
    }, GRACE_MS).unref();
  });
  app.route(createDownloadRoute(context, dependencies, track));
  app.route(createReadUploadRoute(context, dependencies));
  app.register(async (scope) => {
    // The body is not parsed: the handler reads the request as a stream.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.route(createAppendRoute(context, dependencies, track));
  });
}

type Track = (reply: FastifyReply) => void;

function getFileId(request: FastifyRequest): string {
  const id = getPathParam(request, "file_id");
  if (id === undefined || id === "") throw routeNotFound();
  return id;
}

function createDownloadRoute(context: Context, dependencies: RouteDependencies, track: Track): RouteOptions {
  return {
    ...createRoute(fileTransfers.downloadFile, dependencies),
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const caller = getCaller(request);
      reply.raw.once("close", dependencies.userLimit.acquire(caller.actor.id));
      track(reply);
      return sendContent(context, reply, await findContent(context, caller, getFileId(request)));
    },
  };
}

/**
 * Sends the content of a file, or a range of it. The headers make browsers save the file instead of
 * displaying it, because a displayed file could run scripts with the permissions of this origin.
 */
async function sendContent(context: Context, reply: FastifyReply, file: CompleteFile): Promise<FastifyReply> {
  const { headers } = reply.request;
  const etag = `"${file.sha256}"`;
  reply.headers({ etag, "cache-control": "private, no-cache", "accept-ranges": "bytes" });
  if (matchesTag(headers["if-none-match"], etag)) return reply.code(304).send();
  const isSame = headers["if-range"] === undefined || headers["if-range"] === etag;
  const range = isSame ? parseRange(headers.range, file.size) : undefined;
  if (range === "unsatisfiable") {
    reply.header("content-range", `bytes */${file.size}`);
    throw new Problem("range-not-satisfiable", `The file has ${file.size} bytes.`);
  }
  const content = await openContent(context, file, range);
  if (range !== undefined) {
    const { first, last } = range;
    reply.code(206).header("content-range", `bytes ${first}-${last}/${file.size}`);
  }
  return reply
    .headers({
      "content-type": file.media_type,
      "content-length": String(range === undefined ? file.size : range.last - range.first + 1),
      "content-disposition": formatDisposition(file.name),
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
    })
    .send(content);
}

/** Formats the name as RFC 8187 does, with an ASCII name for clients that do not know it. */
function formatDisposition(name: string): string {
  const ascii = name.replace(/[^ -~]|["\\%]/gu, "_");
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/**
 * Throws a 400 problem if the client requests another version of the upload protocol tus. Adds the
 * supported version to the response.
 */
function negotiateTus({ headers }: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ "tus-resumable": TUS_VERSION, "cache-control": "no-store" });
  const version = headers["tus-resumable"];
  if (version !== undefined && version !== TUS_VERSION)
    throw malformed(`This server supports version ${TUS_VERSION} of tus.`);
}

function createReadUploadRoute(context: Context, dependencies: RouteDependencies): RouteOptions {
  return {
    ...createRoute(fileTransfers.readUpload, dependencies),
    handler: async (request, reply) => {
      negotiateTus(request, reply);
      const { record, offset } = await readUpload(context, getCaller(request), getFileId(request));
      return reply.headers({ "upload-offset": offset, "upload-length": record.file.size }).code(200).send();
    },
  };
}

function createAppendRoute(context: Context, dependencies: RouteDependencies, track: Track): RouteOptions {
  return {
    ...createRoute(fileTransfers.appendToUpload, dependencies),
    handler: async (request, reply) => {
      const caller = getCaller(request);
      const release = dependencies.userLimit.acquire(caller.actor.id);
      track(reply);
      try {
        negotiateTus(request, reply);
        const input = { fileId: getFileId(request), offset: parseOffset(request), body: toBody(request) };
        const offset = await appendToUpload(context, caller, input);
        return reply.header("upload-offset", offset).code(204).send();
      } catch (error) {
        discardBody(request);
        throw error;
      } finally {
        release();
      }
    },
  };
}

function toBody(request: FastifyRequest): AsyncIterable<Uint8Array> {
  if (request.headers["content-type"] !== UPLOAD_MEDIA_TYPE) throw unsupportedMediaType();
  // `destroyOnReturn` would close the connection before an error is sent.
  if (request.body instanceof Readable) return request.body.iterator({ destroyOnReturn: false });
  return Readable.from([]);
}

function parseOffset({ headers }: FastifyRequest): number {
  const text = headers["upload-offset"];
  if (typeof text !== "string" || !/^\d{1,15}$/.test(text))
    throw malformed("The header Upload-Offset must be a number of bytes.");
  return Number(text);
}
