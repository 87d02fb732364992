import { createNoResponseFailure } from "../../api/failure.ts";

/** A connection on which no byte was sent for this time is closed. */
const STALL_MS = 60_000;

export interface SendRequest {
  readonly method: "PATCH" | "PUT";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Blob;
  readonly signal: AbortSignal;
  /** Called with the number of bytes of the body that were sent. */
  onProgress(bytes: number): void;
}

/** The parts of a response that uploads need. */
export interface SendResponse {
  readonly status: number;
  readonly text: string;
  getHeader(name: string): string | null;
}

/**
 * Sends bytes and reports the progress, which `fetch` does not report. The browser reads the body
 * while it sends it. Throws a `Failure` if there is no response.
 */
export const sendBytes = ({ method, url, headers, body, signal, onProgress }: SendRequest) =>
  new Promise<SendResponse>((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    let stall = setTimeout(abort, STALL_MS);
    request.upload.addEventListener("progress", ({ loaded }) => {
      clearTimeout(stall);
      stall = setTimeout(abort, STALL_MS);
      onProgress(Math.min(loaded, body.size));
    });
    request.addEventListener("loadend", () => {
      clearTimeout(stall);
      signal.removeEventListener("abort", abort);
      const { status, responseText: text } = request;
      if (signal.aborted) reject(signal.reason);
      else if (status === 0) reject(createNoResponseFailure());
      else resolve({ status, text, getHeader: (name) => request.getResponseHeader(name) });
    });
    signal.addEventListener("abort", abort);
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
