import type { Socket } from "node:net";
import { Problem } from "../../protocol/index.ts";

const DETAILS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "The headers are too large.",
  ERR_HTTP_REQUEST_TIMEOUT: "The request took too long to arrive.",
};

/** Answers what Node's parser could not read as HTTP: no request was made of it, so no route and no hook sees it. */
export const answerClientError = (error: Error & { readonly code?: string }, socket: Socket): void => {
  // Gone already, or in the middle of an answer: nothing that is said now would be understood.
  if (error.code === "ECONNRESET" || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy(error);
    return;
  }
  const problem = new Problem("malformed-request", DETAILS[error.code ?? ""] ?? "This is not HTTP/1.1.");
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
