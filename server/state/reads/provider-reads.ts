import { randomUUID } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Event, Problem, Read } from "../../../protocol/index.ts";
import type { EventBus, Log } from "../../ports.ts";
import type { Settings } from "../../settings/settings.ts";
import type { WakeSignal } from "../long-poll.ts";
import { Answer, type AnswerFacts, AnswerMemory } from "./answer.ts";
import { type AgedAnswer, AnswerCache } from "./answer-cache.ts";
import { ProviderChannels } from "./provider-channels.ts";
import { ReadOffers } from "./read-offers.ts";
import { type AnswerSink, ForwardedUpload, ReceivedUploads } from "./remote-uploads.ts";
import { type ReadTarget, readFailed, readLost, type ServedRead } from "./served-read.ts";
import { ServedReads } from "./served-reads.ts";
import { ServerMessages, type ServerRequest } from "./server-messages.ts";

/**
 * Seconds for which this server stays subscribed to a provider's events after a client has sent a
 * request to the provider, or a worker has waited for such requests. When the subscription ends,
 * the cached answers of the provider are removed, and answers to requests that are claimed at that
 * time are not cached.
 */
const WATCH_SECONDS = 120;
const READ_ID = /^([0-9a-f]{32})\.[0-9a-f-]{36}$/;

/** The reason why a worker cannot answer a request to a provider. */
export interface ReadFailure {
  readonly reason: "not-found" | "failed";
  readonly detail: string;
}

interface ProviderReadsOptions {
  readonly bus: EventBus;
  readonly settings: Settings;
  readonly log: Log;
  readonly newId: () => string;
}

/**
 * The requests to providers (reads) in this process: the reads for whose answers clients of this
 * process wait, the workers that wait for reads, and the cached answers. A read exists only on the
 * server that received the client's request. The id of a read contains the id of that server, so
 * that other servers can claim the read for their workers and forward the answer to it (ADR 33).
 */
export class ProviderReads {
  readonly #bus: EventBus;
  readonly #log: Log;
  readonly #serverId = randomUUID().replaceAll("-", "");
  readonly #messages: ServerMessages;
  readonly #served: ServedReads;
  readonly #cache: AnswerCache;
  readonly #memory: AnswerMemory;
  readonly #channels: ProviderChannels;
  readonly #offers = new ReadOffers();
  readonly #received = new ReceivedUploads();
  /** For each provider, the number of the last invalidation of its cached answers. */
  readonly #generations = new LRUCache<string, number>({ max: 10_000 });
  readonly #newId: () => string;
  #lastGeneration = 0;

  constructor({ bus, settings, log, newId }: ProviderReadsOptions) {
    this.#bus = bus;
    this.#log = log;
    this.#newId = newId;
    this.#cache = new AnswerCache(settings.provider_cache_bytes);
    this.#memory = new AnswerMemory(settings.provider_memory_bytes, () => this.#cache.evict());
    this.#channels = new ProviderChannels(bus, (id, event) => this.#handleEvent(id, event));
    this.#messages = new ServerMessages({ serverId: this.#serverId, bus, log }, (request) =>
      this.#handleRequest(request),
    );
    this.#served = new ServedReads({
      maxPerRoom: settings.provider_max_reads_per_room,
      maxPerWorker: settings.provider_max_reads_per_worker,
      newId: () => `${this.#serverId}.${newId()}`,
      createAnswer: (facts) => new Answer(facts, this.#memory, settings.provider_max_answer_bytes),
      offer: (reads) => this.#publishOffers(reads),
      getGeneration: (id) => this.#generations.get(id) ?? 0,
      onComplete: (read, answer) => this.#store(read, answer),
    });
  }

  /** Memory of all answers, in bytes. */
  get memoryUsed(): number {
    return this.#memory.used;
  }

  getCached(providerId: string, key: string): AgedAnswer | undefined {
    return this.#cache.get(providerId, key);
  }

  /**
   * Requests an answer from a provider. Uses the pending read with the same provider and parameters
   * if there is one, and otherwise creates a read. Waits for up to `ms` milliseconds until the
   * answer starts; returns undefined if it does not start in this time. The caller must release the
   * answer.
   */
  async read(
    target: ReadTarget,
    { ms, signal, requireWorker }: { ms: number; signal: AbortSignal; requireWorker: () => void },
  ): Promise<Answer | undefined> {
    if (this.#served.find(target) === undefined) {
      requireWorker();
      // Before a worker can answer, this server must be subscribed to the messages of other servers
      // and to invalidations.
      await Promise.all([this.#messages.start(), this.#channels.watch(target.providerId, WATCH_SECONDS)]);
    }
    const read = this.#served.find(target) ?? this.#served.create(target);
    return this.#served.waitForAnswer(read, ms, signal);
  }

  /**
   * Wakes the signal when a request to one of these providers can be claimed. Resolves when this
   * server is subscribed to these offers, so that no later offer is missed.
   */
  async waitForOffers(signal: WakeSignal, providerIds: readonly string[]): Promise<void> {
    this.#offers.stopWaiting(signal);
    this.#offers.wait(signal, providerIds);
    await Promise.all(providerIds.map((id) => this.#channels.watch(id, WATCH_SECONDS)));
  }

  stopWaiting(signal: WakeSignal): void {
    this.#offers.stopWaiting(signal);
  }

  /**
   * Claims up to `limit` requests to the providers for a worker. Claims those of this server first.
   */
  async claim(workerId: string, providerIds: readonly string[], limit: number): Promise<Read[]> {
    const claimed: Read[] = [];
    for (const { id } of this.#served.findOffered(new Set(providerIds))) {
      if (claimed.length >= limit) return claimed;
      const read = this.#served.claim(id, workerId);
      if (read !== undefined) claimed.push(read.toWire());
    }
    const offers = this.#offers.take(providerIds, limit - claimed.length);
    const remote = await Promise.all(offers.map((id) => this.#claimRemote(id, workerId)));
    return [...claimed, ...remote.filter((read) => read !== undefined)];
  }

  /**
   * Makes a claimed request to a provider available again, because the worker did not receive it.
   */
  release(readId: string, workerId: string): void {
    const serverId = getServerId(readId);
    if (serverId === this.#serverId) this.#served.release(readId, workerId);
    else this.#send(serverId, { kind: "release", read: readId, worker: workerId });
  }

  /** Makes the requests to providers that a worker has claimed from this server available again. */
  releaseOfWorker(workerId: string): void {
    this.#served.releaseOfWorker(workerId);
  }

  /**
   * Starts the answer to a request to a provider. Throws a 409 problem if the worker has not
   * claimed the request.
   */
  async open(readId: string, workerId: string, facts: AnswerFacts): Promise<AnswerSink> {
    const serverId = getServerId(readId);
    if (serverId === this.#serverId) return this.#served.open(readId, workerId, facts);
    const ids = { serverId, read: readId, worker: workerId, upload: this.#newId() };
    return ForwardedUpload.open(this.#messages, ids, facts);
  }

  /**
   * Ends a request to a provider without an answer. Throws a 409 problem if the worker has not
   * claimed the request.
   */
  async fail(readId: string, workerId: string, failure: ReadFailure): Promise<void> {
    const serverId = getServerId(readId);
    if (serverId === this.#serverId) this.#served.fail(readId, workerId, toReadProblem(failure));
    else await this.#messages.request(serverId, { kind: "fail", read: readId, worker: workerId, ...failure });
  }

  /** Removes cached answers on all servers. Resolves when the other servers have been notified. */
  async invalidate(providerId: string, key?: string): Promise<void> {
    this.#invalidate(providerId, key);
    await this.#bus.publish([{ kind: "answers-invalidated", providerId, key }]);
  }

  close(): void {
    this.#served.close();
    this.#channels.close();
    this.#messages.close();
    this.#cache.clear();
  }

  #publishOffers(reads: readonly ServedRead[]): void {
    void this.#bus.publish(
      reads.map(({ id, target }) => ({
        kind: "read-offered",
        providerId: target.providerId,
        readId: id,
      })),
    );
  }

  #store(read: ServedRead, answer: Answer): void {
    const { providerId, key } = read.target;
    const isOutdated = read.generation !== (this.#generations.get(providerId) ?? 0);
    // Answers are not cached while the event bus is down, because this server would miss their
    // invalidation.
    if (answer.facts.ttlSeconds <= 0 || isOutdated || this.#bus.state === "down") return;
    this.#cache.set(providerId, key, answer);
    void this.#channels.watch(providerId, Math.max(WATCH_SECONDS, answer.facts.ttlSeconds));
  }

  #invalidate(providerId: string, key?: string): void {
    this.#lastGeneration += 1;
    this.#generations.set(providerId, this.#lastGeneration);
    this.#cache.invalidate(providerId, key);
  }

  #handleEvent(providerId: string, event: Event | undefined): void {
    switch (event?.kind) {
      case "read-offered":
        if (getServerId(event.readId) !== this.#serverId) this.#offers.add(providerId, event.readId);
        this.#offers.notify(providerId);
        break;
      case "provider-changed":
        this.#served.releaseOfProvider(providerId);
        break;
      case "answers-invalidated":
        this.#invalidate(providerId, event.key);
        break;
      default:
        // Events may have been lost, so cached answers may be outdated.
        this.#invalidate(providerId);
        this.#offers.forget(providerId);
    }
  }

  #handleRequest(request: ServerRequest): unknown {
    switch (request.kind) {
      case "claim":
        return this.#served.claim(request.read, request.worker)?.toWire() ?? null;
      case "release":
        this.#served.release(request.read, request.worker);
        return null;
      case "fail":
        this.#served.fail(request.read, request.worker, toReadProblem(request));
        return null;
      case "open": {
        const { read, worker, upload, ttlSeconds, etag, length } = request;
        this.#received.add(upload, this.#served.open(read, worker, { ttlSeconds, etag, length }));
        return null;
      }
      default:
        this.#received.receive(request);
        return null;
    }
  }

  async #claimRemote(readId: string, workerId: string): Promise<Read | undefined> {
    const serverId = getServerId(readId);
    try {
      const request = { kind: "claim", read: readId, worker: workerId } as const;
      return Read.safeParse(await this.#messages.request(serverId, request)).data;
    } catch (error) {
      this.#log.warn({ err: error }, "failed to claim a read of another server");
      // The other server may have assigned the read to the worker before its response was lost, so
      // the read is released.
      this.#send(serverId, { kind: "release", read: readId, worker: workerId });
      return undefined;
    }
  }

  /** Sends a request to another server, and ignores the response and errors. */
  #send(serverId: string, request: ServerRequest): void {
    this.#messages.request(serverId, request).catch(() => {});
  }
}

/**
 * Returns the id of the server that has created a read, from the id of the read. Throws a 409
 * problem if this id is invalid.
 */
function getServerId(readId: string): string {
  const serverId = READ_ID.exec(readId)?.[1];
  if (serverId === undefined) throw readLost();
  return serverId;
}

function toReadProblem({ reason, detail }: ReadFailure): Problem {
  return reason === "failed" ? readFailed(detail) : new Problem("answer-not-found", detail);
}
