import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import type { FetchInit, FetchLike, FetchResponse } from "../sdk/senders.ts";

/** As the SDK's own transport has it: a host that does not answer is not waited for until the deadline. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * `fetch` over node:http, as much of it as the SDK's client uses. undici, Node's built-in copy included, takes
 * 60 to 100 ms to load, which is more than all the rest of a command that asks one question.
 */
export const nodeHttpFetch: FetchLike = async (url, init) => {
  const { body } = init;
  const send = url.startsWith("https:") ? (await import("node:https")).request : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, listOptions(init), (response) => resolve(answerOf(response)));
    request.once("error", reject);
    request.once("socket", (socket) => {
      if (!socket.connecting) return;
      const timedOut = () =>
        request.destroy(new Error(`could not connect within ${CONNECT_TIMEOUT_MS / 1000} s`));
      const timer = setTimeout(timedOut, CONNECT_TIMEOUT_MS);
      for (const event of ["connect", "close"]) socket.once(event, () => clearTimeout(timer));
    });
    request.end(body);
  });
};

const listOptions = ({ method, headers, signal, body }: FetchInit): RequestOptions => ({
  method,
  signal,
  // Without a length node:http would send a PATCH or a DELETE without a body in chunks.
  headers: { ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
});

const answerOf = (response: IncomingMessage): FetchResponse => {
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
