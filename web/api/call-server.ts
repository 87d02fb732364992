import {
  fillPath,
  type Operation,
  type OperationName,
  type OperationRequest,
  type OperationResponse,
  type Operations,
  operations,
} from "../../protocol/index.ts";
import type { ApiServer } from "./api-server.ts";
import { createNoResponseFailure, Failure, parseFailure } from "./failure.ts";

/**
 * The body of an operation's response. Responses with status 304 are excluded, because the
 * dashboard sends no conditional requests.
 */
export type ResponseBody<Name extends OperationName> = Exclude<
  OperationResponse<Operations[Name]>,
  { readonly status: 304 }
>["body"];

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Call<Name extends OperationName> = readonly [
  name: Name,
  request: OperationRequest<Operations[Name]>,
];

type Parts = {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
};

const formatQuery = (query: Readonly<Record<string, unknown>> = {}): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, Array.isArray(value) ? value.join(",") : String(value));
  }
  return search.size === 0 ? "" : `?${search}`;
};

const send = async (url: string, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(url, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw Object.assign(createNoResponseFailure(), { cause: error });
  }
};

/**
 * Calls an operation of a server. Throws a `Failure` if the request is rejected, or if the response
 * does not match its schema.
 */
export const callServer = async <Name extends OperationName>(
  server: ApiServer,
  [name, request]: Call<Name>,
  { signal, headers = {} }: CallOptions = {},
): Promise<ResponseBody<Name>> => {
  const entry: Operation = operations[name];
  // The signature of this function has already checked the types of the request, so a simpler type
  // is sufficient here.
  const { params, query, body } = request as Parts;
  const credentials = await server.credentials();
  const response = await send(server.base + fillPath(entry.path, params) + formatQuery(query), {
    method: entry.method,
    headers: {
      accept: "application/json",
      ...credentials,
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
  if (response.status === 401) server.onUnauthorized(credentials);
  const schema = entry.responses[response.status];
  const text = await response.text();
  if (schema === undefined) throw parseFailure(response.status, text);
  if (schema === null) return null as ResponseBody<Name>;
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new Failure(
      response.status,
      "Unexpected response",
      `The response to ${name} does not match the schema of the operation.`,
    );
  return parsed.data as ResponseBody<Name>;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
