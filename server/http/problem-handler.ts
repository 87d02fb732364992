import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { Problem, type ProblemId } from "../../protocol/index.ts";
import { StorageRefusal, UnstorableValue } from "../storage/storage-refusal.ts";
import { StorageUnavailable } from "../storage/storage-unavailable.ts";
import { unsupportedMediaType } from "./body-parser.ts";

const PROBLEM_TYPE = "application/problem+json";

/** Fastify's own refusals; any other 4xx of its is a request that cannot be read. */
const BY_CODE: Readonly<Record<string, () => Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new Problem("payload-too-large", "The body is over the server's body_limit."),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: unsupportedMediaType,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new Problem("malformed-request", "The body is not as long as Content-Length says."),
  FST_ERR_BAD_URL: () => new Problem("malformed-request", "The address is not percent-encoded UTF-8."),
  FST_ERR_MAX_PARAM_LENGTH: () => new Problem("route-not-found", "There is nothing at this address."),
};

const BY_STATUS: Readonly<Record<number, ProblemId>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "route-not-found",
  405: "method-not-allowed",
  413: "payload-too-large",
  415: "unsupported-media-type",
  429: "rate-limited",
  503: "service-unavailable",
};

const isHttpError = (error: unknown): error is Pick<FastifyError, "statusCode" | "code"> & Error =>
  error instanceof Error && "statusCode" in error && typeof error.statusCode === "number";

/** The problem that an error is; undefined for a bug. */
export const toKnownProblem = (error: unknown): Problem | undefined => {
  if (error instanceof Problem) return error;
  if (error instanceof StorageUnavailable) {
    const detail = `${error.message.slice(0, 1).toUpperCase()}${error.message.slice(1)}.`;
    return new Problem("service-unavailable", detail, { retryAfter: 1 });
  }
  if (error instanceof StorageRefusal) {
    const detail = "The database refuses the server what it needs; the server's log says what to do.";
    return new Problem("service-unavailable", detail, { retryAfter: 5 });
  }
  if (error instanceof UnstorableValue) {
    return error.reason === "size"
      ? new Problem("payload-too-large", "A value is larger than the database can store.")
      : new Problem("validation-error", "The database cannot store a character of this text.");
  }
  if (!isHttpError(error)) return undefined;
  const known = BY_CODE[error.code];
  if (known !== undefined) return known();
  const id = BY_STATUS[error.statusCode ?? 500];
  // Of the host's or another plugin's error its status is kept; what it says may be meant for nobody outside.
  if (id === "unauthorized") return unauthorized();
  if (id === "rate-limited" || id === "service-unavailable")
    return new Problem(id, "Come again later.", { retryAfter: 1 });
  if (id !== undefined) return new Problem(id, "The request was refused.");
  const isClients = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  return isClients ? new Problem("malformed-request", "The request cannot be read.") : undefined;
};

/** The same 401 for everybody, whatever was wrong. */
export const unauthorized = (): Problem =>
  new Problem("unauthorized", "Credentials are missing or not valid.");

/** What goes out for any error: a bug is logged and says nothing but the request's id. */
export const toProblem = (error: unknown, request: FastifyRequest): Problem => {
  const problem = toKnownProblem(error);
  if (problem !== undefined) {
    if (problem.status >= 500) request.log.warn({ err: error }, "the request could not be answered");
    return problem;
  }
  request.log.error({ err: error }, "unexpected error");
  return new Problem("internal-error", "The server has a bug; its log has more under this request's id.");
};

/** Answers a problem document, with the headers that belong to it. */
export const sendProblem = (reply: FastifyReply, problem: Problem, prefix: string): FastifyReply => {
  const instance = problem.id === "internal-error" ? reply.request.id : undefined;
  reply.code(problem.status).header("content-type", PROBLEM_TYPE).header("cache-control", "no-store");
  if (problem.id === "unauthorized") reply.header("www-authenticate", "Bearer");
  // Fastify would close the connection, and with it lose the answer to whoever is still sending: the reset that follows
  // unread bytes outruns it (RFC 9112, 9.6). Read to its end and thrown away, the body costs no memory.
  if (problem.id === "payload-too-large") reply.removeHeader("connection");
  if (problem.retryAfter !== undefined) reply.header("retry-after", String(Math.ceil(problem.retryAfter)));
  // Bytes, not text: to a text Fastify adds a charset, which this media type does not have (RFC 9457, 3).
  return reply.send(Buffer.from(JSON.stringify(problem.toDocument(prefix, instance))));
};

/** Any error of this plugin's routes as problem+json; `type` stands under the plugin's prefix. */
export const createProblemHandler =
  (prefix: string) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    sendProblem(reply, toProblem(error, request), prefix);
