import { ANSWER_TTL_HEADER, type JsonObject, type Read } from "../../protocol/index.ts";
import { ReadLostError, WorkerNotFoundError } from "../errors.ts";
import { sleep } from "../http/abort.ts";
import type { JoblibClient } from "../http/client.ts";
import { MAX_LONG_POLL_SECONDS } from "../http/request.ts";
import { DEFAULT_RETRY, getRetryDelay, isTransient, withRetry } from "../http/retry.ts";
import type { Logger } from "../logger.ts";
import type { LiveWorker } from "../worker/worker-session.ts";
import { Answer, isAnswer, toContent } from "./answer.ts";
import type { ProviderEntry, ProviderRegistry } from "./provider-registry.ts";

/** Maximum number of reads (requests to providers) that this process answers at the same time. */
const CONCURRENCY = 8;

interface ReadServerOptions {
  readonly client: JoblibClient;
  readonly logger: Logger;
  readonly registry: ProviderRegistry;
}

/**
 * Registers the providers of a job manager, and answers their reads until the worker is removed or
 * drained.
 */
export class ReadServer {
  readonly #client: JoblibClient;
  readonly #logger: Logger;
  readonly #registry: ProviderRegistry;
  readonly #stopped = new AbortController();
  readonly #active = new Set<Promise<void>>();
  #worker: LiveWorker | undefined;
  #registered = new Map<string, ProviderEntry>();
  #loop: Promise<void> | undefined;

  constructor({ client, logger, registry }: ReadServerOptions) {
    this.#client = client;
    this.#logger = logger;
    this.#registry = registry;
  }

  /**
   * Registers the providers that are not registered with this worker yet, and starts to answer
   * their reads.
   */
  async register(worker: LiveWorker): Promise<void> {
    if (this.#registry.entries.length === 0) return;
    if (this.#worker !== worker) this.#registered = new Map();
    const known = new Set(this.#registered.values());
    for (const entry of this.#registry.entries) {
      if (known.has(entry)) continue;
      entry.id = await this.#registerEntry(worker, entry);
      this.#registered.set(entry.id, entry);
    }
    if (this.#worker === worker) return;
    this.#worker = worker;
    const signal = AbortSignal.any([this.#stopped.signal, worker.gone.signal, worker.drained.signal]);
    this.#loop = this.#run(worker, signal);
  }

  /**
   * Removes cached answers from all servers: the answer for `params` or, if `params` is undefined,
   * all answers of the provider.
   */
  async invalidate({ id }: ProviderEntry, params: JsonObject | undefined): Promise<void> {
    const worker = this.#worker;
    // Before the provider is registered, servers cannot have cached answers of this process.
    if (worker === undefined || id === undefined) return;
    await this.#client.call("invalidateAnswers", {
      params: { worker_id: worker.id, provider_id: id },
      body: params === undefined ? {} : { params },
    });
  }

  /** Stops claiming reads, and waits until the claimed reads are answered. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    await Promise.all(this.#active);
  }

  async #registerEntry(worker: LiveWorker, { Class, name, room }: ProviderEntry): Promise<string> {
    const { category, schema, contentType: content_type, description } = Class;
    const body = { category, name, schema, content_type, description, worker_id: worker.id };
    const response = await this.#client.call("registerProvider", { params: { room_id: room }, body });
    this.#logger.info({ worker: worker.id, room, category, name }, "provider registered");
    return response.body.id;
  }

  async #run(worker: LiveWorker, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        while (this.#active.size >= CONCURRENCY) await Promise.race(this.#active);
        const reads = await this.#claim(worker, signal);
        failures = 0;
        for (const read of reads) this.#start(worker, read, signal);
      } catch (error) {
        if (signal.aborted || error instanceof WorkerNotFoundError) return;
        failures += 1;
        this.#logger.warn({ err: error, worker: worker.id, failures }, "failed to claim reads; retrying");
        await sleep(getRetryDelay(failures, DEFAULT_RETRY, error) * 1000, signal).catch(() => {});
      }
    }
  }

  async #claim(worker: LiveWorker, signal: AbortSignal): Promise<readonly Read[]> {
    const { body } = await this.#client.call(
      "claimReads",
      { params: { worker_id: worker.id }, body: { limit: CONCURRENCY - this.#active.size } },
      { wait: MAX_LONG_POLL_SECONDS, signal, retry: false, timeoutSeconds: 10 },
    );
    return body.reads;
  }

  #start(worker: LiveWorker, read: Read, signal: AbortSignal): void {
    const answering: Promise<void> = this.#answer(worker, read, signal)
      .catch((error: unknown) => {
        // The answer is no longer needed: another worker has answered the read, or no client waits
        // for it.
        if (error instanceof ReadLostError) return;
        this.#logger.warn({ err: error, worker: worker.id, read: read.id }, "failed to answer a read");
      })
      .finally(() => this.#active.delete(answering));
    this.#active.add(answering);
  }

  async #answer(worker: LiveWorker, read: Read, signal: AbortSignal): Promise<void> {
    const entry = this.#registered.get(read.provider_id);
    if (entry === undefined)
      return this.#fail(worker, read, new Error("the worker does not serve this provider"));
    const { Class, source } = entry;
    const params = { worker_id: worker.id, read_id: read.id };
    let request: Parameters<JoblibClient["transfer"]>[1];
    try {
      const instance: { read(source: unknown, context: { signal: AbortSignal }): unknown } =
        Reflect.construct(Class, [read.params]);
      const result = await instance.read(source, { signal });
      const { value, options } = isAnswer(result) ? result : new Answer(result);
      const ttl = options.ttlSeconds ?? Class.ttlSeconds ?? 0;
      const etag = options.version === undefined ? {} : { etag: `"${options.version}"` };
      const headers = { [ANSWER_TTL_HEADER]: String(ttl), ...etag };
      request = { params, headers, content: toContent(value, Class.contentType ?? "application/json") };
    } catch (error) {
      return this.#fail(worker, read, error);
    }
    const isStream = request.content instanceof ReadableStream;
    await withRetry(
      () => this.#client.transfer("answerRead", request),
      // A stream can be sent only once. If it is interrupted, the server offers the read again.
      (error) => !isStream && isTransient(error),
      { policy: DEFAULT_RETRY },
    );
  }

  async #fail(worker: LiveWorker, read: Read, error: unknown): Promise<void> {
    const reason = isNotFound(error) ? "not-found" : "failed";
    const message = error instanceof Error ? error.message : String(error);
    // The server rejects text that JSON parsers handle differently: U+0000 and unpaired surrogates.
    const detail = message.slice(0, 1000).toWellFormed().replaceAll("\u0000", "\ufffd");
    if (reason === "failed")
      this.#logger.warn({ err: error, worker: worker.id, read: read.id }, "a provider failed");
    const params = { worker_id: worker.id, read_id: read.id };
    await this.#client.call("failRead", { params, body: { reason, detail } });
  }
}

/** Returns true for an `AnswerNotFoundError`, also of another installed copy of joblib. */
const isNotFound = (error: unknown): boolean =>
  error instanceof Error && "id" in error && error.id === "answer-not-found";
