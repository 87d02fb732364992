import type { Socket } from "node:net";
import { Problem } from "../../protocol/index.ts";

const DETAILS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "The headers are too large.",
  ERR_HTTP_REQUEST_TIMEOUT: "The request was not received in time.",
};

/**
 * Responds to data that Node.js could not parse as HTTP. Fastify runs no route or hook for it, because there
 * is no request.
 */
export const answerClientError = (error: Error & { readonly code?: string }, socket: Socket): void => {
  // The client is gone, or part of a response was sent, so that another response could not be understood.
  if (error.code === "ECONNRESET" || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy(error);
    return;
  }
  const detail = DETAILS[error.code ?? ""] ?? "The request is not valid HTTP/1.1.";
  const problem = new Problem("malformed-request", detail);
  const body = JSON.stringify(problem.toDocument());
  socket.end(
    [
      `HTTP/1.1 ${problem.status} Bad Request`,
      "Content-Type: application/problem+json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
};
