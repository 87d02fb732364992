import { type HttpHandler, HttpResponse, http } from "msw";
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

/** The request that a fake receives. It has been validated against the operation's schemas. */
export type FakeRequest<Name extends OperationName> = OperationInput<Operations[Name]> & {
  readonly headers: Headers;
  /** Aborted when the client closes the connection. */
  readonly signal: AbortSignal;
  /** The seconds of `Prefer: wait=N`; 0 if there is none. */
  readonly wait: number;
};

/** The response of a fake operation. */
export type FakeResponse<Name extends OperationName> = OperationResponse<Operations[Name]>;

/** A fake of one operation. It can throw a `Problem` to respond with it. */
export type Fake<Name extends OperationName> = (
  request: FakeRequest<Name>,
) => FakeResponse<Name> | Promise<FakeResponse<Name>>;

export type Fakes = { readonly [Name in OperationName]?: Fake<Name> };

/** Options of `joblibHandlers`. */
export interface HandlerOptions {
  /** The server's URL. Default: any URL. */
  readonly url?: string;
}

/**
 * Creates request handlers for msw 3, one for each fake. Every response is validated against the operation's schemas:
 * a response that the server can never send fails the test. After the first call, clients and managers of this
 * process use the global `fetch`, which msw intercepts, unless they have a `fetch` option.
 *
 * @example
 * const network = setupServer(...joblibHandlers({ claimTask: () => ({ status: 200, body: { task: null } }) }));
 */
export const joblibHandlers = (fakes: Fakes, { url = "*" }: HandlerOptions = {}): HttpHandler[] => {
  preferGlobalFetch();
  const names = Object.keys(operations).filter(isOperationName);
  return names.flatMap((name) => createHandlers(name, fakes, url));
};

const isOperationName = (name: string): name is OperationName => Object.hasOwn(operations, name);

const METHODS = {
  GET: http.get,
  POST: http.post,
  PUT: http.put,
  PATCH: http.patch,
  DELETE: http.delete,
} as const;

const createHandlers = <Name extends OperationName>(name: Name, fakes: Fakes, url: string): HttpHandler[] => {
  const fake: Fake<Name> | undefined = fakes[name];
  if (fake === undefined) return [];
  const operation: Operation = operations[name];
  const handler = METHODS[operation.method](url + operation.path, async ({ request, params }) => {
    try {
      const input = await parseInput(operation, request, params);
      const wait = parseWait(request.headers.get("prefer") ?? undefined) ?? 0;
      const fakeRequest = { ...input, headers: request.headers, signal: request.signal, wait };
      if (!isFakeRequest(name, fakeRequest)) throw new Error(`the request to ${name} is not valid`);
      return toResponse(name, operation, await fake(fakeRequest));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return toProblemResponse(error);
    }
  });
  return [handler];
};

/** Returns true if the request was parsed with the operation's schemas, so that the type is correct. */
const isFakeRequest = <Name extends OperationName>(
  name: Name,
  request: { headers: Headers; signal: AbortSignal; wait: number },
): request is FakeRequest<Name> => Object.hasOwn(operations, name) && "params" in request;

const parseInput = async (operation: Operation, request: Request, params: unknown) => {
  const text = await request.text();
  const query = Object.fromEntries(new URL(request.url).searchParams);
  return {
    params: operation.params === undefined ? undefined : validate(operation.params, params, ""),
    query: operation.query === undefined ? undefined : validate(operation.query, query, ""),
    body:
      operation.body === undefined || (text === "" && operation.bodyOptional)
        ? undefined
        : validate(operation.body, parse(text), ""),
  };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("malformed-request", "The body is not JSON.");
  }
};

const validate = (schema: NonNullable<Operation["body"]>, value: unknown, pointer: string): unknown => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    pointer: pointer + path.map((part) => `/${String(part)}`).join(""),
    detail: message,
  }));
  throw new Problem("validation-error", "The request is invalid.", { errors });
};

const toResponse = (
  name: OperationName,
  operation: Operation,
  response: { status: number; body: unknown; headers?: Readonly<Record<string, string>> },
): Response => {
  const schema = operation.responses[response.status];
  if (schema === undefined)
    throw new Error(
      `the fake of ${name} returned the status ${response.status}, which the operation does not have`,
    );
  const headers = { ...response.headers };
  if (schema === null) return new HttpResponse(null, { status: response.status, headers });
  const body = schema.safeParse(response.body);
  if (!body.success)
    throw new Error(`the response of the fake of ${name} does not match its schema: ${body.error.message}`);
  return new HttpResponse(JSON.stringify(body.data), {
    status: response.status,
    headers: { "content-type": "application/json", ...headers },
  });
};

/** Returns the server's response for a problem. */
export const toProblemResponse = (problem: Problem): Response => {
  const { retryAfter } = problem;
  return new HttpResponse(JSON.stringify(problem.toDocument()), {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
    },
  });
};
