import {
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
import type { AwaitedTask, TaskOf } from "../extension/job-types.ts";
import { awaitTask } from "./await-task.ts";
import { getTraceHeaders, readString, traceAwait, traceCall } from "./call-spans.ts";
import { Files } from "./files.ts";
import type { AwaitTaskOptions, CallOptions, ClientOptions, FollowOptions, StreamParams } from "./options.ts";
import { Providers } from "./providers.ts";
import {
  buildClientHeaders,
  buildHeaders,
  buildPath,
  parseServerUrl,
  type RequestParts,
  readEnvironment,
} from "./request.ts";
import { Invitations, Jobs, Rooms, Server, Tasks, Workers } from "./resources.ts";
import { type CallResponse, type MinimalCallResponse, readResponse } from "./responses.ts";
import { canRetry, DEFAULT_RETRY, type RetryPolicy, withRetry } from "./retry.ts";
import { follow } from "./server-sent-events.ts";
import { type TransferRequest, type TransferResponse, transfer } from "./transfer.ts";
import { createFetchTransport, getDefaultTransport, sendRequest, type Transport } from "./transport.ts";

/**
 * Default maximum duration of one attempt of a call, in seconds. The duration of a long poll
 * (`wait`) is added.
 */
const DEFAULT_TIMEOUT_SECONDS = 30;

/**
 * A client of the HTTP API. Its resources, such as `client.tasks`, have one method per operation.
 * The methods return the body of the response; `call` also returns the status and the headers. The
 * members of requests and responses have the names of the HTTP API, for example `job_name`. There
 * is no need to close a client.
 *
 * @example const client = new JoblibClient({ url: "https://jobs.example.org", token }); const {
 *   items } = await client.jobs.list("lab"); await client.tasks.cancel(id);
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
  /** Lists rooms and reads their stats. */
  readonly rooms = new Rooms(this);
  /** Lists providers and reads from them. */
  readonly providers = new Providers(this);
  /** Uploads, reads and lists the files of tasks. */
  readonly files = new Files(this);
  /** Creates, lists and revokes invitations. */
  readonly invitations = new Invitations(this);
  /** Reads the server's health and stats, and the caller's permissions. */
  readonly server = new Server(this);
  readonly #origin: string;
  /**
   * The path in the server's URL, under which the API is mounted. Empty if the API is mounted at
   * the root.
   */
  readonly #prefix: string;
  readonly #getToken: () => string | Promise<string> | undefined;
  readonly #ownTransport: Transport | undefined;
  readonly #retry: RetryPolicy;
  readonly #userAgent: string;

  /** Creates a client. Does not send anything. Throws `UsageError` if the URL is invalid. */
  constructor({ url, token, fetch, retry, userAgent = "joblib" }: ClientOptions = {}) {
    this.url = parseServerUrl(url);
    this.#origin = new URL(this.url).origin;
    this.#prefix = this.url.slice(this.#origin.length);
    this.#getToken = typeof token === "function" ? token : () => token ?? readEnvironment("JOBLIB_TOKEN");
    this.#ownTransport = fetch && createFetchTransport(fetch);
    this.#retry = { ...DEFAULT_RETRY, ...retry };
    this.#userAgent = userAgent;
  }

  /**
   * Calls an operation and returns its status, headers and body. Retries if the operation can be
   * repeated safely. Throws the `ProblemError` subclass of the problem that the server returns,
   * `ConnectionError` or `DeadlineError` if the server does not respond, `ProtocolError` if the
   * response cannot be one of joblib, and `UsageError` for an invalid token or parameter.
   */
  call<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Operations[Name]>,
    options: CallOptions = {},
  ): Promise<CallResponse<Name>> {
    // The request does not prefer a minimal response, so the server sends the full response.
    return this.#send(name, request, options, false) as Promise<CallResponse<Name>>;
  }

  /**
   * @internal Calls an operation with `Prefer: return=minimal`. A server that does not support
   *   minimal responses sends the full response.
   */
  callMinimal<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Operations[Name]>,
    options: CallOptions = {},
  ): Promise<CallResponse<Name> | MinimalCallResponse<Name>> {
    return this.#send(name, request, options, true);
  }

  async #send<Name extends OperationName>(
    name: Name,
    parts: RequestParts,
    options: CallOptions,
    isMinimal: boolean,
  ): Promise<CallResponse<Name> | MinimalCallResponse<Name>> {
    const { signal, retry = true, wait = 0, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = options;
    const policy = retry === true ? this.#retry : { ...this.#retry, ...(retry || { attempts: 1 }) };
    const path = this.#prefix + buildPath(name, parts);
    const body = parts.body === undefined ? null : JSON.stringify(parts.body);
    const callHeaders = buildHeaders(name, body !== null, options, isMinimal);

    const attempt = async (trace: TraceContext | undefined) => {
      const headers = { ...callHeaders, ...(await this.#getHeaders()), ...getTraceHeaders(trace) };
      const { method } = operations[name];
      const deadlineSeconds = wait + timeoutSeconds;
      const request = { method, origin: this.#origin, path, headers, body, signal, deadlineSeconds };
      return readResponse(name, await sendRequest(request, this.#transport), isMinimal);
    };

    const isRetryable = (error: unknown) => canRetry(name, error);
    return await traceCall(
      { name, url: this.url, params: parts.params, body: parts.body },
      (trace) => withRetry(() => attempt(trace), isRetryable, { policy, signal }),
      (response) => readString(response.body, "id"),
    );
  }

  /** @internal Sends a request whose request or response body is not JSON. Does not retry. */
  async transfer(name: TransferName, request: TransferRequest): Promise<TransferResponse> {
    const environment = { url: this.url, fetch: this.#transport.fetch, headers: await this.#getHeaders() };
    return transfer(name, request, environment);
  }

  get #transport(): Transport {
    return this.#ownTransport ?? getDefaultTransport();
  }

  /** Returns the headers that identify the client. */
  #getHeaders(): Record<string, string> | Promise<Record<string, string>> {
    const token = this.#getToken();
    if (typeof token === "object") return token.then((text) => buildClientHeaders(this.#userAgent, text));
    return buildClientHeaders(this.#userAgent, token);
  }

  /**
   * Yields the events of a stream: `followTask` and `followOutput` with `{ task_id }`, or
   * `followRoom` with `{ room_id }`. Reconnects after an interruption without losing events. The
   * generator never ends by itself: leave the loop, or abort `signal`. Throws an error after which
   * reconnecting cannot succeed, for example `TaskNotFoundError`, `ForbiddenError` or
   * `ProtocolError`.
   *
   * @example for await (const { event, data } of client.tasks.follow(id)) { if (event === "log")
   *   for (const { text } of data.items) console.log(text); else if (isTerminal(data.status))
   *   break; }
   */
  follow<Name extends StreamName>(
    name: Name,
    params: StreamParams<Name>,
    options: FollowOptions = {},
  ): AsyncGenerator<StreamEvent<Name>, void, undefined> {
    const environment = {
      url: this.url,
      fetch: this.#transport.fetch,
      retry: this.#retry,
      getHeaders: () => this.#getHeaders(),
    };
    return follow({ name, params, ...options }, environment);
  }

  /**
   * Waits until a task has ended, or until `options.wait` seconds have passed, and returns the
   * task. Retries each failed request for up to two minutes, so that the wait survives a restart of
   * the server. Throws the same errors as `call`.
   */
  awaitTask(id: string, options?: AwaitTaskOptions): Promise<Task>;
  /** Waits for a submitted task. The result has the type of its job. */
  awaitTask<Result>(task: TaskOf<Result>, options?: AwaitTaskOptions): Promise<AwaitedTask<Result>>;
  async awaitTask(task: string | Pick<Task, "id">, options: AwaitTaskOptions = {}): Promise<Task> {
    const id = typeof task === "string" ? task : task.id;
    return traceAwait({ id, url: this.url }, () => awaitTask(this, id, options));
  }
}
