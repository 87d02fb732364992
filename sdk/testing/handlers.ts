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
import { preferGlobalFetch } from "../senders.ts";

/** A request as a fake gets it: its parts after the contract has checked them. */
export type FakeRequest<Name extends OperationName> = OperationInput<Operations[Name]> & {
  readonly headers: Headers;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  /** Seconds of `Prefer: wait=N`; 0 without it. */
  readonly wait: number;
};

/** What a fake answers, for one operation. */
export type FakeResponse<Name extends OperationName> = OperationResponse<Operations[Name]>;

/** A fake of one operation; it throws a `Problem` to answer one. */
export type Fake<Name extends OperationName> = (
  request: FakeRequest<Name>,
) => FakeResponse<Name> | Promise<FakeResponse<Name>>;

/** Fakes by operation. */
export type Fakes = { readonly [Name in OperationName]?: Fake<Name> };

/** Where the fakes answer. */
export interface HandlerOptions {
  /** The server's address; any by default. */
  readonly url?: string;
}

/**
 * Handlers for msw 3, one for each fake. What a fake answers is checked against the contract:
 * an answer that the server could never give fails the test. From the first call on, clients and managers of this
 * process go by the global `fetch`, where msw stands, unless they were given another.
 *
 * @example
 * const network = setupServer(...joblibHandlers({ claimTask: () => ({ status: 200, body: { task: null } }) }));
 */
export const joblibHandlers = (fakes: Fakes, { url = "*" }: HandlerOptions = {}): HttpHandler[] => {
  preferGlobalFetch();
  const names = Object.keys(operations).filter(isOperationName);
  return names.flatMap((name) => createHandler(name, fakes, url));
};

const isOperationName = (name: string): name is OperationName => Object.hasOwn(operations, name);

const METHODS = {
  GET: http.get,
  POST: http.post,
  PUT: http.put,
  PATCH: http.patch,
  DELETE: http.delete,
} as const;

const createHandler = <Name extends OperationName>(name: Name, fakes: Fakes, url: string): HttpHandler[] => {
  const fake: Fake<Name> | undefined = fakes[name];
  if (fake === undefined) return [];
  const operation: Operation = operations[name];
  const handler = METHODS[operation.method](url + operation.path, async ({ request, params }) => {
    try {
      const input = await parseInput(operation, request, params);
      const wait = parseWait(request.headers.get("prefer") ?? undefined) ?? 0;
      const asked = { ...input, headers: request.headers, signal: request.signal, wait };
      if (!isFakeRequest(name, asked))
        throw new Error(`${name} was asked in another way than the contract's`);
      return toResponse(name, operation, await fake(asked));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return toProblemResponse(error);
    }
  });
  return [handler];
};

/** True for a request whose parts the operation's schemas made; the types follow from the table. */
const isFakeRequest = <Name extends OperationName>(
  name: Name,
  request: { headers: Headers; signal: AbortSignal; wait: number },
): request is FakeRequest<Name> => Object.hasOwn(operations, name) && "params" in request;

const parseInput = async (operation: Operation, request: Request, params: unknown) => {
  const text = await request.text();
  const query = Object.fromEntries(new URL(request.url).searchParams);
  return {
    params: operation.params === undefined ? undefined : checked(operation.params, params, ""),
    query: operation.query === undefined ? undefined : checked(operation.query, query, ""),
    body:
      operation.body === undefined || (text === "" && operation.bodyOptional)
        ? undefined
        : checked(operation.body, parse(text), ""),
  };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("malformed-request", "the body is not JSON");
  }
};

const checked = (schema: NonNullable<Operation["body"]>, value: unknown, pointer: string): unknown => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    pointer: pointer + path.map((part) => `/${String(part)}`).join(""),
    detail: message,
  }));
  throw new Problem("validation-error", "the request does not fit", { errors });
};

const toResponse = (
  name: OperationName,
  operation: Operation,
  answer: { status: number; body: unknown; headers?: Readonly<Record<string, string>> },
): Response => {
  const schema = operation.responses[answer.status];
  if (schema === undefined)
    throw new Error(`a fake answered ${name} with ${answer.status}, which it never does`);
  const headers = { ...answer.headers };
  if (schema === null) return new HttpResponse(null, { status: answer.status, headers });
  const body = schema.safeParse(answer.body);
  if (!body.success) throw new Error(`a fake answered ${name} out of contract: ${body.error.message}`);
  return new HttpResponse(JSON.stringify(body.data), {
    status: answer.status,
    headers: { "content-type": "application/json", ...headers },
  });
};

/** A problem as the server would answer it. */
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
