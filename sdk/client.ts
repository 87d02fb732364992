import { randomUUID } from "node:crypto";
import type * as z from "zod";
import {
  fillPath,
  formatPreferences,
  isTerminal,
  type Operation,
  type OperationName,
  type OperationRequest,
  type Operations,
  operations,
  type StreamEvent,
  type StreamName,
  type Streams,
  type Task,
} from "../protocol/index.ts";
import { traceAwait, traceCall } from "./call-spans.ts";
import { ProtocolError, UsageError } from "./errors.ts";
import { follow } from "./follow.ts";
import type { AwaitedTask, TaskOf } from "./job-types.ts";
import {
  DEFAULT_TIMEOUT_SECONDS,
  getAuthorizationHeader,
  MAX_LONG_POLL_SECONDS,
  parseServerUrl,
  type Token,
} from "./options.ts";
import {
  type CallResponse,
  type MinimalCallResponse,
  readMinimalResponse,
  readResponse,
} from "./responses.ts";
import { canRetry, DEFAULT_RETRY, type RetryPolicy, withRetry } from "./retry.ts";
import {
  type BufferedSender,
  createBufferedFetchSender,
  createFetchSender,
  defaultBufferedSender,
  defaultSender,
  type FetchLike,
  type Sender,
} from "./senders.ts";
import { sleep } from "./sleep.ts";
import { type Answer, exchange } from "./transport.ts";

/** How to reach the server; what is left out comes from `JOBLIB_URL` and `JOBLIB_TOKEN`. */
export interface ClientOptions {
  readonly url?: string | undefined;
  readonly token?: Token | undefined;
  /** In the place of undici; tests on msw give the global one. */
  readonly fetch?: FetchLike | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly userAgent?: string | undefined;
}

/** What one call may say beyond its request. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Seconds that the server may hold its answer (`Prefer: wait=N`). */
  readonly wait?: number | undefined;
  /** Of a submit; a fresh one where none is given, so that a repeated submit is the same task. */
  readonly idempotencyKey?: string | undefined;
  /** An `ETag`: the answer is 304 while the task is still the same. */
  readonly ifNoneMatch?: string | undefined;
  /** False: one try only. */
  readonly retry?: boolean | Partial<RetryPolicy> | undefined;
  /** How long the answer may take beyond `wait`; 30. */
  readonly timeoutSeconds?: number | undefined;
}

/** The names in a stream's path. */
export type StreamParams<Name extends StreamName> = z.input<Streams[Name]["params"]> & Record<string, string>;

/** Where a stream begins, and what ends it. */
export interface FollowOptions {
  readonly signal?: AbortSignal | undefined;
  /** The `id` of the event to go on from. */
  readonly lastEventId?: string | undefined;
}

/** How long to wait for a task, and who is told of its changes. */
export interface AwaitTaskOptions {
  /** Seconds altogether; without it, until the task is terminal. */
  readonly wait?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the task as it stands, and again whenever it has changed. */
  readonly onChange?: ((task: Task) => void) | undefined;
}

/** A patience that outlasts a server's restart. */
const AWAIT_RETRY: Partial<RetryPolicy> = { attempts: Number.POSITIVE_INFINITY, deadlineSeconds: 120 };

/**
 * The API, one typed call per operation; parameters and answers keep their names on the wire.
 *
 * @example
 * const client = new JoblibClient({ url: "https://jobs.example.org", token });
 * const { body } = await client.call("listJobs", { params: { room_id: "lab" } });
 */
export class JoblibClient {
  readonly url: string;
  readonly #token: Token | undefined;
  readonly #origin: string;
  /** What stands before every path: the plugin's prefix. */
  readonly #prefix: string;
  readonly #send: Sender;
  readonly #receive: BufferedSender;
  readonly #retry: RetryPolicy;
  readonly #userAgent: string;

  constructor(options: ClientOptions = {}) {
    this.url = parseServerUrl(options.url);
    this.#token = options.token;
    this.#origin = new URL(this.url).origin;
    this.#prefix = this.url.slice(this.#origin.length);
    this.#send = options.fetch === undefined ? defaultSender : createFetchSender(options.fetch);
    this.#receive =
      options.fetch === undefined ? defaultBufferedSender : createBufferedFetchSender(options.fetch);
    this.#retry = { ...DEFAULT_RETRY, ...options.retry };
    this.#userAgent = options.userAgent ?? "joblib";
  }

  /** Makes one call; problems are raised as the class of their id. */
  async call<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Operations[Name]>,
    options: CallOptions = {},
  ): Promise<CallResponse<Name>> {
    return this.#exchange(name, request, options, (answer, url) => readResponse(name, answer, url));
  }

  /** @internal The same, by a caller that need not be told again what it knows (`Prefer: return=minimal`). */
  async callMinimal<Name extends OperationName>(
    name: Name,
    request: OperationRequest<Operations[Name]>,
    options: CallOptions = {},
  ): Promise<CallResponse<Name> | MinimalCallResponse<Name>> {
    const brief = { ...options, returns: "minimal" } as const;
    return this.#exchange(name, request, brief, (answer, url) => readMinimalResponse(name, answer, url));
  }

  async #exchange<Value extends { readonly body: unknown }>(
    name: OperationName,
    parts: RequestParts,
    options: CallOptions & Returns,
    understood: (answer: Answer, url: string) => Value,
  ): Promise<Value> {
    const operation: Operation = operations[name];
    const { method } = operation;
    const path = this.#prefix + buildPath(operation, parts.params) + buildQuery(parts.query);
    const body = parts.body === undefined ? undefined : JSON.stringify(parts.body);
    const given = headersOf(name, body, options);
    const deadlineSeconds = (options.wait ?? 0) + (options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS);
    const { signal, retry = true } = options;
    const origin = this.#origin;

    const once = async (trace: Readonly<Record<string, string>>): Promise<Value> => {
      const headers = { ...given, ...(await this.#own()), ...trace };
      const asked = { method, origin, path, headers, body, signal, deadlineSeconds };
      return understood(await exchange(asked, this.#receive), origin + path);
    };

    const traced = { name, url: this.url, params: parts.params, body: parts.body };
    if (retry === false) return traceCall(traced, once);
    const policy = retry === true ? this.#retry : { ...this.#retry, ...retry };
    return traceCall(traced, (trace) =>
      withRetry(
        () => once(trace),
        (error) => canRetry(name, error),
        { policy, abort: { signal } },
      ),
    );
  }

  /** The headers that say who asks. */
  async #own(): Promise<Record<string, string>> {
    const token = await getAuthorizationHeader(this.#token);
    const agent = this.#userAgent;
    return token === undefined ? { "user-agent": agent } : { "user-agent": agent, authorization: token };
  }

  /**
   * The events of a stream, as they come, over every interruption: `followTask` with `{ task_id }`, `followRoom` with
   * `{ room_id }`. It has no end of its own: leave the loop, or abort `signal`.
   *
   * @example
   * for await (const { event, data } of client.follow("followTask", { task_id })) {
   *   if (event === "log") for (const { text } of data.items) console.log(text);
   *   else if (isTerminal(data.status)) break;
   * }
   */
  follow<Name extends StreamName>(
    name: Name,
    params: StreamParams<Name>,
    { signal, lastEventId }: FollowOptions = {},
  ): AsyncGenerator<StreamEvent<Name>, void, undefined> {
    const home = {
      url: this.url,
      send: this.#send,
      retry: this.#retry,
      headers: () => this.#own(),
    };
    return follow({ name, params, signal, lastEventId }, home);
  }

  /** The task once it is terminal, or as it stands when the wait is over. */
  awaitTask(id: string, options?: AwaitTaskOptions): Promise<Task>;
  /** The same of a task whose job is known: its result has that job's type. */
  awaitTask<Result>(task: TaskOf<Result>, options?: AwaitTaskOptions): Promise<AwaitedTask<Result>>;
  async awaitTask(given: string | Pick<Task, "id">, options: AwaitTaskOptions = {}): Promise<Task> {
    const id = typeof given === "string" ? given : given.id;
    return traceAwait({ id, url: this.url }, () => this.#awaitTask(id, options));
  }

  async #awaitTask(id: string, { wait, signal, onChange }: AwaitTaskOptions): Promise<Task> {
    const until = wait === undefined ? Number.POSITIVE_INFINITY : performance.now() + wait * 1000;
    let task: Task | undefined;
    let etag: string | undefined;
    for (;;) {
      const turn = getPollSeconds(until);
      // Held until the end without an ETag; with one, until the next change. The first read for a watcher is at once.
      const held = onChange !== undefined && etag === undefined ? 0 : turn;
      const began = performance.now();
      const options = { signal, retry: AWAIT_RETRY, wait: held || undefined, ifNoneMatch: etag };
      const answer = await this.call("readTask", { params: { task_id: id } }, options);
      if (answer.status === 200) {
        const read = answer.body;
        if (read.id !== id) throw new ProtocolError(`asked for task ${id}, the answer is about ${read.id}`);
        const changed = answer.headers["etag"] === undefined || answer.headers["etag"] !== etag;
        if (onChange !== undefined) etag = answer.headers["etag"];
        task = read;
        if (changed) onChange?.(read);
      }
      if (task !== undefined && (isTerminal(task.status) || turn === 0)) return task;
      const brief =
        performance.now() - began < 500 &&
        (answer.status === 304 || onChange === undefined || etag === undefined);
      // A server or proxy that does not hold the answer is asked about once a second.
      if (brief && held > 0)
        await sleep(Math.min(500 + Math.random() * 1000, Math.max(0, until - performance.now())), signal);
    }
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

/** Spread, so that clients that were cut off together do not stay together. */
const getPollSeconds = (until: number): number => {
  const left = Math.max(0, (until - performance.now()) / 1000);
  return Math.ceil(Math.min(left, MAX_LONG_POLL_SECONDS - Math.floor(Math.random() * 5)));
};

const buildPath = ({ path }: Operation, params: unknown): string => {
  const parts: Record<string, string> = {};
  for (const [key, part] of Object.entries(params ?? {})) {
    if (part === undefined) continue;
    const value = String(part);
    if (value === "" || value === "." || value === "..") {
      throw new UsageError(`${key} cannot be ${JSON.stringify(value)}: in a path that means another address`);
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

const headersOf = (
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
