import { randomUUID } from "node:crypto";
import {
  fillPath,
  formatPreferences,
  type Operation,
  type OperationName,
  type OperationRequest,
  type Operations,
  operations,
  type StreamEvent,
  type StreamName,
  type Task,
  type TraceContext,
  type TransferName,
} from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import type { AwaitedTask, TaskOf } from "../extension/job-types.ts";
import { awaitTask } from "./await-task.ts";
import { getTraceHeaders, readString, traceAwait, traceCall } from "./call-spans.ts";
import { createFetchTransport, defaultTransport } from "./fetch-transport.ts";
import type { AwaitTaskOptions, CallOptions, ClientOptions, FollowOptions, StreamParams } from "./options.ts";
import { DEFAULT_TIMEOUT_SECONDS, getAuthorizationHeader, parseServerUrl, type Token } from "./options.ts";
import { sendRequest } from "./request.ts";
import { Invitations } from "./resources/invitations.ts";
import { Jobs } from "./resources/jobs.ts";
import { Providers } from "./resources/providers.ts";
import { Rooms } from "./resources/rooms.ts";
import { Server } from "./resources/server.ts";
import { Tasks } from "./resources/tasks.ts";
import { Workers } from "./resources/workers.ts";
import {
  type CallResponse,
  type MinimalCallResponse,
  readMinimalResponse,
  readResponse,
} from "./responses.ts";
import { canRetry, DEFAULT_RETRY, type RetryPolicy, withRetry } from "./retry.ts";
import { follow } from "./server-sent-events.ts";
import { type TransferRequest, type TransferResponse, transfer } from "./transfer.ts";
import type { JsonResponse, Transport } from "./transport.ts";

/**
 * A client of the HTTP API. Its resources have one method per operation, which returns the body of the response;
 * `call` also returns status and headers. Requests and responses have the names of the protocol. The client needs no
 * cleanup.
 *
 * @example
 * const client = new JoblibClient({ url: "https://jobs.example.org", token });
 * const { items } = await client.jobs.list("lab");
 * await client.tasks.cancel(id);
 */
export class JoblibClient {
  /** The server's URL, without a trailing slash. */
  readonly url: string;
  /** Submits, reads, cancels and retries tasks. */
  readonly tasks = new Tasks(this);
  /** Registers, reads and lists jobs. */
  readonly jobs = new Jobs(this);
  /** Lists, drains and removes workers. */
  readonly workers = new Workers(this);
  /** Lists providers and reads from them. */
  readonly providers = new Providers(this);
  /** Lists rooms and reads their stats. */
  readonly rooms = new Rooms(this);
  /** Creates, lists and revokes invitations. */
  readonly invitations = new Invitations(this);
  /** Reads the server's health and stats, and the caller's permissions. */
  readonly server = new Server(this);
  readonly #token: Token | undefined;
  readonly #origin: string;
  /** The plugin's prefix. */
  readonly #prefix: string;
  readonly #transport: Transport;
  readonly #retry: RetryPolicy;
  readonly #userAgent: string;

  /** Creates a client. Does not send anything. Throws `UsageError` if the URL is invalid. */
  constructor(options: ClientOptions = {}) {
    this.url = parseServerUrl(options.url);
    this.#token = options.token;
    this.#origin = new URL(this.url).origin;
    this.#prefix = this.url.slice(this.#origin.length);
    this.#transport = options.fetch === undefined ? defaultTransport : createFetchTransport(options.fetch);
    this.#retry = { ...DEFAULT_RETRY, ...options.retry };
    this.#userAgent = options.userAgent ?? "joblib";
  }

  /**
   * Calls an operation and returns its status, headers and body. Retries if the operation can be repeated safely.
   * Throws the `ProblemError` subclass of the problem that the server returns, `ConnectionError` or `DeadlineError`
   * if the server does not respond, `ProtocolError` if the response is not joblib's, and `UsageError` for an invalid
   * token or parameter.
   */
  async call<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Operations[Name]>,
    options: CallOptions = {},
  ): Promise<CallResponse<Name>> {
    return this.#send(name, request, options, readResponse);
  }

  /** @internal Calls an operation with `Prefer: return=minimal`. An older server sends the full response. */
  async callMinimal<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Operations[Name]>,
    options: CallOptions = {},
  ): Promise<CallResponse<Name> | MinimalCallResponse<Name>> {
    const minimal = { ...options, returns: "minimal" } as const;
    return this.#send(name, request, minimal, readMinimalResponse);
  }

  async #send<Name extends OperationName, Value extends { readonly body: unknown }>(
    name: Name,
    parts: RequestParts,
    options: CallOptions & Returns,
    read: (name: Name, response: JsonResponse) => Value,
  ): Promise<Value> {
    const operation: Operation = operations[name];
    const { method } = operation;
    const origin = this.#origin;
    const path = this.#prefix + buildPath(operation, parts.params) + buildQuery(parts.query);
    const body = parts.body === undefined ? undefined : JSON.stringify(parts.body);
    const callHeaders = buildHeaders(name, body, options);
    const deadlineSeconds = (options.wait ?? 0) + (options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS);
    const { signal, retry = true } = options;

    const attempt = async (trace: TraceContext | undefined): Promise<Value> => {
      const headers = { ...callHeaders, ...(await this.#getClientHeaders()), ...getTraceHeaders(trace) };
      const request = { method, origin, path, headers, body, signal, deadlineSeconds };
      return read(name, await sendRequest(request, this.#transport));
    };

    const overrides = typeof retry === "object" ? retry : retry ? undefined : { attempts: 1 };
    const policy = overrides === undefined ? this.#retry : { ...this.#retry, ...overrides };
    const call = { name, url: this.url, params: parts.params, body: parts.body };
    return traceCall(
      call,
      (trace) =>
        withRetry(
          () => attempt(trace),
          (error) => canRetry(name, error),
          { policy, signal },
        ),
      (response) => readString(response.body, "id"),
    );
  }

  /** @internal Sends a request whose request or response body is not JSON. Does not retry. */
  async transfer(name: TransferName, request: TransferRequest): Promise<TransferResponse> {
    const { url } = this;
    return transfer(name, request, {
      url,
      fetch: this.#transport.fetch,
      headers: await this.#getClientHeaders(),
    });
  }

  /** Returns the headers that identify the client. */
  async #getClientHeaders(): Promise<Record<string, string>> {
    const token = await getAuthorizationHeader(this.#token);
    const agent = this.#userAgent;
    return token === undefined ? { "user-agent": agent } : { "user-agent": agent, authorization: token };
  }

  /**
   * Yields the events of a stream: `followTask` with `{ task_id }`, or `followRoom` with `{ room_id }`. Reconnects
   * after an interruption without losing events. It never ends by itself: leave the loop, or abort `signal`. Throws
   * the error if a reconnect cannot succeed, for example `TaskNotFoundError`, `ForbiddenError` or `ProtocolError`.
   *
   * @example
   * for await (const { event, data } of client.tasks.follow(id)) {
   *   if (event === "log") for (const { text } of data.items) console.log(text);
   *   else if (isTerminal(data.status)) break;
   * }
   */
  follow<Name extends StreamName>(
    name: Name,
    params: StreamParams<Name>,
    { signal, lastEventId }: FollowOptions = {},
  ): AsyncGenerator<StreamEvent<Name>, void, undefined> {
    const environment = {
      url: this.url,
      fetch: this.#transport.fetch,
      retry: this.#retry,
      getHeaders: () => this.#getClientHeaders(),
    };
    return follow({ name, params, signal, lastEventId }, environment);
  }

  /**
   * Waits until a task has ended, or until `options.wait` seconds have passed, and returns the task. Throws the same
   * errors as `call`, but retries for two minutes.
   */
  awaitTask(id: string, options?: AwaitTaskOptions): Promise<Task>;
  /** Waits for a submitted task. The result has the type of its job. */
  awaitTask<Result>(task: TaskOf<Result>, options?: AwaitTaskOptions): Promise<AwaitedTask<Result>>;
  async awaitTask(task: string | Pick<Task, "id">, options: AwaitTaskOptions = {}): Promise<Task> {
    const id = typeof task === "string" ? task : task.id;
    return traceAwait({ id, url: this.url }, () => awaitTask(this, id, options));
  }
}

interface Returns {
  readonly returns?: "minimal";
}

interface RequestParts {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}

const buildPath = ({ path }: Operation, params: unknown): string => {
  const parts: Record<string, string> = {};
  for (const [key, part] of Object.entries(params ?? {})) {
    if (part === undefined) continue;
    const value = String(part);
    if (value === "" || value === "." || value === "..") {
      throw new UsageError(
        `${key} cannot be ${JSON.stringify(value)}, because it would change the path of the URL`,
      );
    }
    parts[key] = value;
  }
  return fillPath(path, parts);
};

const buildQuery = (query: unknown): string => {
  if (query === undefined) return "";
  const search = new URLSearchParams();
  for (const [key, part] of Object.entries(query ?? {}))
    if (part !== undefined) search.append(key, String(part));
  return search.size === 0 ? "" : `?${search}`;
};

const ACCEPT = "application/json, application/problem+json";

const buildHeaders = (
  name: OperationName,
  body: string | undefined,
  { wait, idempotencyKey, ifNoneMatch, returns }: CallOptions & Returns,
): Record<string, string> => {
  const headers: Record<string, string> = { accept: ACCEPT };
  if (body !== undefined) headers["content-type"] = "application/json";
  const prefer = formatPreferences({ wait: wait && Math.ceil(wait), returns });
  if (prefer !== "") headers["prefer"] = prefer;
  const key = idempotencyKey ?? (name === "submitTask" ? randomUUID() : undefined);
  if (key !== undefined) headers["idempotency-key"] = key;
  if (ifNoneMatch !== undefined) headers["if-none-match"] = ifNoneMatch;
  return headers;
};
