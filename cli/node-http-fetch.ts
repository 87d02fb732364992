import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import type { FetchInit } from "../sdk/http/sender.ts";
import type { FetchLike, FetchResponse } from "../sdk/http/senders.ts";

/** Connect timeout, as in the transport of the SDK: an unreachable host fails before the request's deadline. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Implements the part of `fetch` that the SDK's client uses with node:http. undici, including the copy in Node.js, takes
 * 60 to 100 ms to load, which is longer than the rest of a command with one request.
 */
export const nodeHttpFetch: FetchLike = async (url, init) => {
  const { body } = init;
  const send = url.startsWith("https:") ? (await import("node:https")).request : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, toRequestOptions(init), (response) => resolve(toFetchAnswer(response)));
    request.once("error", reject);
    request.once("socket", (socket) => {
      if (!socket.connecting) return;
      const handleTimeout = () =>
        request.destroy(new Error(`cannot connect within ${CONNECT_TIMEOUT_MS / 1000} s`));
      const timer = setTimeout(handleTimeout, CONNECT_TIMEOUT_MS);
      for (const event of ["connect", "close"]) socket.once(event, () => clearTimeout(timer));
    });
    request.end(body);
  });
};

const toRequestOptions = ({ method, headers, signal, body }: FetchInit): RequestOptions => ({
  method,
  signal,
  // Without content-length, node:http sends a PATCH or DELETE without a body in chunks.
  headers: { ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
});

const toFetchAnswer = (response: IncomingMessage): FetchResponse => {
  const headers = new Map(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
  return {
    status: response.statusCode ?? 0,
    headers: {
      get: (name) => headers.get(name.toLowerCase()) ?? null,
      [Symbol.iterator]: () => headers.entries(),
    },
    body: response,
  };
};
