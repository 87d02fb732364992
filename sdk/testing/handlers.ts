import { type HttpHandler, HttpResponse, http } from "msw";
import type * as z from "zod";
import {
  type Operation,
  type OperationInput,
  type OperationName,
  type OperationResponse,
  type Operations,
  operations,
  Problem,
  parseWait,
} from "../../protocol/index.ts";
import { preferGlobalFetch } from "../http/transport.ts";

/**
 * The request that a fake receives. The request has been validated against the operation's schemas.
 */
export type FakeRequest<Name extends OperationName> = OperationInput<Operations[Name]> & {
  readonly headers: Headers;
  /** Aborted when the client closes the connection. */
  readonly signal: AbortSignal;
  /** The seconds of `Prefer: wait=N`; 0 if there is none. */
  readonly wait: number;
};

/** The response of a fake operation. */
export type FakeResponse<Name extends OperationName> = OperationResponse<Operations[Name]>;

/** A fake of one operation. If it throws a `Problem`, the response is the problem document. */
export type Fake<Name extends OperationName> = (
  request: FakeRequest<Name>,
) => FakeResponse<Name> | Promise<FakeResponse<Name>>;

export type Fakes = { readonly [Name in OperationName]?: Fake<Name> };

/** The requests that `joblibHandlers` intercepts. */
export interface HandlerOptions {
  /** The server's URL. Default: any URL. */
  readonly url?: string;
}

/**
 * Creates request handlers for msw 3, one for each fake. Every response is validated against the
 * operation's schemas: a response that the server can never send fails the test. After the first
 * call, clients and managers of this process use the global `fetch`, which msw intercepts, unless
 * they have a `fetch` option.
 *
 * @example
 * const network = setupServer(...joblibHandlers({ claimTask: () => ({ status: 200, body: { task: null } }) }));
 */
export const joblibHandlers = (fakes: Fakes, { url = "*" }: HandlerOptions = {}): HttpHandler[] => {
  preferGlobalFetch();
  const table: { readonly [name: string]: Operation } = operations;
  return Object.entries(fakes).flatMap(([name, fake]) => {
    const operation = table[name];
    return operation === undefined ? [] : [createHandler(name, operation, { fake, url })];
  });
};

const METHODS = {
  GET: http.get,
  POST: http.post,
  PUT: http.put,
  PATCH: http.patch,
  DELETE: http.delete,
} as const;

function createHandler(
  name: string,
  operation: Operation,
  { fake, url }: { readonly fake: Fakes[OperationName]; readonly url: string },
): HttpHandler {
  return METHODS[operation.method](url + operation.path, async ({ request, params }) => {
    try {
      const fakeRequest = await parseRequest(operation, request, params);
      // `Reflect.apply` is not type-checked, but the schemas from which the fake's request type is
      // derived have just validated this request.
      return toResponse(name, operation, fake && (await Reflect.apply(fake, undefined, [fakeRequest])));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return toProblemResponse(error);
    }
  });
}

async function parseRequest(operation: Operation, request: Request, params: unknown) {
  const { headers, signal, url } = request;
  const text = await request.text();
  const hasBody = operation.body !== undefined && (text !== "" || !operation.bodyOptional);
  return {
    params: operation.params && validate(operation.params, params),
    query: operation.query && validate(operation.query, Object.fromEntries(new URL(url).searchParams)),
    body: operation.body && hasBody ? validate(operation.body, parseJson(text)) : undefined,
    headers,
    signal,
    wait: parseWait(headers.get("prefer") ?? undefined) ?? 0,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("malformed-request", "The body is not JSON.");
  }
}

/** Returns the parsed value. Throws a `validation-error` if it does not match the schema. */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    pointer: path.map((part) => `/${String(part)}`).join(""),
    detail: message,
  }));
  throw new Problem("validation-error", "The request is invalid.", { errors });
}

function toResponse(
  name: string,
  { responses }: Operation,
  {
    status,
    body,
    headers = {},
  }: { status: number; body: unknown; headers?: Readonly<Record<string, string>> },
): Response {
  const schema = responses[status];
  if (schema === undefined)
    throw new Error(`the fake of ${name} returned the status ${status}, which the operation does not have`);
  if (schema === null) return new HttpResponse(null, { status, headers });
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    throw new Error(`the response of the fake of ${name} does not match its schema: ${parsed.error.message}`);
  return Response.json(parsed.data, { status, headers });
}

/** Returns the server's response for a problem. */
export function toProblemResponse(problem: Problem): Response {
  const { status, retryAfter } = problem;
  const headers = new Headers({ "content-type": "application/problem+json" });
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  return Response.json(problem.toDocument(), { status, headers });
}
