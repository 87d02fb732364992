import type { Socket } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Problem, type ProblemId } from "../../protocol/index.ts";
import { StorageRefusal, StorageUnavailable, UnstorableValue } from "../storage/sessions/storage-errors.ts";

const PROBLEM_TYPE = "application/problem+json";

/**
 * The problems for those of Fastify's error codes that need their own text. For other HTTP errors,
 * the status determines the problem.
 */
const PROBLEMS_BY_CODE = new Map<unknown, () => Problem>(
  Object.entries({
    FST_ERR_CTP_BODY_TOO_LARGE: () =>
      new Problem(
        "payload-too-large",
        "The body is larger than the server allows (setting JOBLIB_BODY_LIMIT). Send a smaller one.",
      ),
    FST_ERR_CTP_INVALID_MEDIA_TYPE: unsupportedMediaType,
    FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
      malformed("The length of the body does not match Content-Length."),
    FST_ERR_BAD_URL: () => malformed("The URL is not valid percent-encoded UTF-8."),
    FST_ERR_MAX_PARAM_LENGTH: routeNotFound,
  }),
);

const PROBLEM_IDS_BY_STATUS: Readonly<Record<number, ProblemId>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "route-not-found",
  405: "method-not-allowed",
  413: "payload-too-large",
  415: "unsupported-media-type",
  429: "rate-limited",
  503: "service-unavailable",
};

/** The details of problems for Node.js's HTTP errors, by error code. */
const CLIENT_ERROR_DETAILS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "The headers are too large.",
  ERR_HTTP_REQUEST_TIMEOUT: "The request was not received in time.",
};

export function isHttpError(
  error: unknown,
): error is Error & { readonly statusCode: number; readonly code?: unknown } {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number";
}

/** Converts an error to a problem. Returns undefined for an unexpected error. */
export function toKnownProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof StorageUnavailable) {
    const detail = `${error.message.slice(0, 1).toUpperCase()}${error.message.slice(1)}.`;
    return new Problem("service-unavailable", detail, { retryAfter: 1 });
  }
  if (error instanceof StorageRefusal) {
    const detail =
      "The database rejected a statement of the joblib server. Ask the operator: the log of the joblib server says what to do.";
    return new Problem("service-unavailable", detail, { retryAfter: 5 });
  }
  if (error instanceof UnstorableValue) {
    if (error.reason === "size") {
      return new Problem(
        "payload-too-large",
        "A value in the request is larger than the database can store. Send a smaller one.",
      );
    }
    const detail = "The request contains a character that the database cannot store. Remove it.";
    return new Problem("validation-error", detail);
  }
  return isHttpError(error)
    ? (PROBLEMS_BY_CODE.get(error.code)?.() ?? toProblemOfStatus(error.statusCode))
    : undefined;
}

/**
 * Returns the problem for the HTTP status of an error. Does not include the message of the error,
 * which may contain internal information.
 */
function toProblemOfStatus(status: number): Problem | undefined {
  const id = PROBLEM_IDS_BY_STATUS[status];
  if (id === "unauthorized") return unauthorized();
  if (id === "rate-limited" || id === "service-unavailable")
    return new Problem(id, "Try again later.", { retryAfter: 1 });
  if (id !== undefined) return new Problem(id, "The server rejected the request.");
  if (status < 400 || status >= 500) return undefined;
  return malformed(
    status === 400 ? "The server cannot parse the request." : "The server rejected the request.",
  );
}

/** Creates the 401 problem, which does not reveal what part of the credentials was wrong. */
export function unauthorized(): Problem {
  const detail =
    "Missing or invalid credentials. Send the credentials that this server requires, for example a bearer token in the Authorization header.";
  return new Problem("unauthorized", detail);
}

export function malformed(detail: string): Problem {
  return new Problem("malformed-request", detail);
}

export function routeNotFound(): Problem {
  return new Problem("route-not-found", "No route matches this path. Check the path and the API's prefix.");
}

export function unsupportedMediaType(): Problem {
  const detail = "Send the body as application/json in UTF-8, without Content-Encoding.";
  return new Problem("unsupported-media-type", detail);
}

/** Returns the JSON pointer (RFC 6901) to an invalid value, with at most 1,000 characters. */
export function toPointer(path: readonly PropertyKey[]): string {
  return path
    .map((key) => `/${String(key).slice(0, 200).replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("")
    .slice(0, 1000);
}

/** Converts any error to a problem. Logs an unexpected error and hides it from the client. */
export function toProblem(error: unknown, request: FastifyRequest): Problem {
  const problem = toKnownProblem(error);
  if (problem !== undefined) {
    if (problem.status >= 500) request.log.warn({ err: error }, "the request failed");
    return problem;
  }
  request.log.error({ err: error }, "unexpected error");
  const detail = "Unexpected error. Search the server's log for the request id in `instance`.";
  return new Problem("internal-error", detail);
}

export function sendProblem(reply: FastifyReply, problem: Problem, prefix: string): FastifyReply {
  const instance = problem.id === "internal-error" ? reply.request.id : undefined;
  reply.code(problem.status).header("content-type", PROBLEM_TYPE).header("cache-control", "no-store");
  if (problem.id === "unauthorized") reply.header("www-authenticate", "Bearer");
  // Keeps the connection open, so that the rest of the body is read and discarded. Closing the
  // connection while the client is still sending would cause a TCP reset, after which the client
  // may lose the response (RFC 9112, section 9.6).
  if (problem.id === "payload-too-large") reply.removeHeader("connection");
  if (problem.retryAfter !== undefined) reply.header("retry-after", String(Math.ceil(problem.retryAfter)));
  // Sends the document as bytes, because Fastify would add a charset to the content type of a
  // string, and `application/problem+json` has no charset parameter.
  return reply.send(Buffer.from(JSON.stringify(problem.toDocument(prefix, instance))));
}

export const createProblemHandler =
  (prefix: string) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    sendProblem(reply, toProblem(error, request), prefix);

/**
 * Responds to a request that Node.js cannot parse as HTTP. Fastify runs no hooks for such a
 * request.
 */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  // No response is possible: the client is gone, or a part of another response was already sent.
  if (error.code === "ECONNRESET" || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy(error);
    return;
  }
  const detail = CLIENT_ERROR_DETAILS[error.code ?? ""] ?? "The request is not valid HTTP/1.1.";
  const body = JSON.stringify(malformed(detail).toDocument());
  const headers = `Content-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  socket.end(`HTTP/1.1 400 Bad Request\r\n${headers}\r\n\r\n${body}`);
}
