import { fillPath, type TransferName, type TransferOperation, transfers } from "../../protocol/index.ts";
import type { ApiServer } from "./api-server.ts";
import { createNoResponseFailure, Failure, parseFailure } from "./failure.ts";

export interface TransferRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Returns the URL of an operation whose request or response body is not JSON. */
export const getTransferUrl = (
  server: ApiServer,
  name: TransferName,
  params: Readonly<Record<string, string>>,
): string => server.base + fillPath(transfers[name].path, params);

/**
 * Calls an operation without a request body, and returns the response, whose content is not JSON.
 * Throws a `Failure` if the request is rejected or receives no response.
 */
export const transfer = async (
  server: ApiServer,
  name: TransferName,
  { params, headers, signal }: TransferRequest,
): Promise<Response> => {
  const { method }: TransferOperation = transfers[name];
  const credentials = await server.credentials();
  let response: Response;
  try {
    response = await fetch(getTransferUrl(server, name, params), {
      method,
      headers: { ...credentials, ...headers },
      // The content of a file can be large, so the browser must not also store it in its cache.
      cache: "no-store",
      ...(signal !== undefined && { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw Object.assign(createNoResponseFailure(), { cause: error });
  }
  if (response.status === 401) server.onUnauthorized(credentials);
  if (response.ok) return response;
  throw method === "HEAD"
    ? createHeadFailure(response.status)
    : parseFailure(response.status, await response.text());
};

/** Creates the failure of a HEAD request, whose response has no body that explains it. */
const createHeadFailure = (status: number): Failure =>
  status === 404
    ? new Failure(status, "File not found", "The server no longer has this file.")
    : new Failure(status, "Request rejected", `The server rejected the request with status ${status}.`);
