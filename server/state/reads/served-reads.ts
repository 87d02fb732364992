import { Problem } from "../../../protocol/index.ts";
import type { Answer, AnswerFacts } from "./answer.ts";
import { type ReadTarget, readFailed, readLost, ServedRead } from "./served-read.ts";
import { Upload } from "./upload.ts";

/**
 * Number of bytes of an answer that are buffered before clients receive it. A smaller answer is
 * complete before the response to the client starts, so the response can have an ETag. If the
 * upload of a smaller answer fails, another worker can still answer.
 */
const STREAM_BYTES = 64 * 1024;
/**
 * Time within which a worker must start to answer a request to a provider that it has claimed, in
 * milliseconds.
 */
const CLAIM_MS = 60_000;
/** Maximum pause between two parts of an answer, in milliseconds. */
const PAUSE_MS = 30_000;
/**
 * Interval at which requests to providers that no worker has claimed are offered again, in
 * milliseconds. The first offer may have been lost.
 */
const OFFER_INTERVAL_MS = 1_000;
const MAX_FAILURES = 3;

interface ServedReadsOptions {
  readonly maxPerRoom: number;
  readonly maxPerWorker: number;
  readonly newId: () => string;
  createAnswer(facts: AnswerFacts): Answer;
  /** Announces requests to providers that a worker can claim. */
  offer(reads: readonly ServedRead[]): void;
  /** Returns the number of the provider's last invalidation; 0 if there was none. */
  getGeneration(providerId: string): number;
  /** Called with the complete answer to a request to a provider. */
  onComplete(read: ServedRead, answer: Answer): void;
}

/**
 * The requests to providers (reads) for whose answers clients of this server wait. Requests of
 * several clients with the same provider and parameters share one read, which one worker answers.
 */
export class ServedReads {
  readonly #options: ServedReadsOptions;
  readonly #byId = new Map<string, ServedRead>();
  readonly #byKey = new Map<string, ServedRead>();
  readonly #perRoom = new Map<string, number>();
  #offerTimer: NodeJS.Timeout | undefined;

  constructor(options: ServedReadsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Returns the pending request to the same provider with the same parameters. */
  find({ providerId, key }: ReadTarget): ServedRead | undefined {
    return this.#byKey.get(toKey(providerId, key));
  }

  /**
   * Creates a request to a provider, and offers it to the provider's workers. Throws a 429 problem
   * if the room has too many of these requests.
   */
  create(target: ReadTarget): ServedRead {
    const { roomId, providerId, key } = target;
    const count = this.#perRoom.get(roomId) ?? 0;
    if (count >= this.#options.maxPerRoom) {
      const detail = "The room has too many reads without an answer. Try again later.";
      throw new Problem("rate-limited", detail, { retryAfter: 1 });
    }
    this.#perRoom.set(roomId, count + 1);
    const read = new ServedRead(this.#options.newId(), target);
    this.#byId.set(read.id, read);
    this.#byKey.set(toKey(providerId, key), read);
    this.#offer([read]);
    return read;
  }

  /**
   * Waits for the answer of a provider. Returns undefined after `ms` milliseconds, or when the
   * signal is aborted. The caller must release the answer.
   */
  async waitForAnswer(read: ServedRead, ms: number, signal: AbortSignal): Promise<Answer | undefined> {
    const ended = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => ended.resolve(undefined), ms);
    const onAbort = () => ended.resolve(undefined);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
    read.readers += 1;
    try {
      const answer = await Promise.race([read.opened.promise, ended.promise]);
      answer?.retain();
      return answer;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      read.readers -= 1;
      // A request that a worker has claimed continues even if no client waits for the answer any
      // longer, because a client may repeat the request, for example after a 504.
      if (read.readers === 0 && read.state === "offered") this.#remove(read);
    }
  }

  /** Returns the requests to these providers that no worker has claimed, oldest first. */
  findOffered(providerIds: ReadonlySet<string>): ServedRead[] {
    return [...this.#byId.values()].filter(
      ({ state, target }) => state === "offered" && providerIds.has(target.providerId),
    );
  }

  /**
   * Assigns a request to a provider to a worker. Returns undefined if the request is not available,
   * or if the worker has claimed too many.
   */
  claim(id: string, workerId: string): ServedRead | undefined {
    const read = this.#byId.get(id);
    if (read?.state !== "offered") return undefined;
    const claimed = [...this.#byId.values()].filter((one) => one.workerId === workerId);
    if (claimed.length >= this.#options.maxPerWorker) return undefined;
    read.state = "claimed";
    read.workerId = workerId;
    read.generation = this.#options.getGeneration(read.target.providerId);
    this.#startTimer(read, CLAIM_MS);
    return read;
  }

  /**
   * Offers a claimed request to a provider again, because its worker did not receive the request or
   * is gone.
   */
  release(id: string, workerId: string): void {
    const read = this.#byId.get(id);
    if (read?.state === "claimed" && read.workerId === workerId) this.#offerAgain(read);
  }

  /** Offers those requests to providers again that a worker has claimed but not answered. */
  releaseOfWorker(workerId: string): void {
    for (const read of [...this.#byId.values()]) this.release(read.id, workerId);
  }

  /**
   * Offers the claimed requests to a provider again. Called when a worker has registered the
   * provider, because this worker may replace a crashed worker that has claimed them.
   */
  releaseOfProvider(providerId: string): void {
    for (const read of [...this.#byId.values()]) {
      if (read.target.providerId === providerId && read.state === "claimed") this.#offerAgain(read);
    }
  }

  /**
   * Ends a claimed request to a provider with a problem, which is sent to the waiting clients.
   * Throws a 409 problem if the worker has not claimed the request.
   */
  fail(id: string, workerId: string, problem: Problem): void {
    const read = this.#requireClaimed(id, workerId);
    this.#remove(read);
    read.opened.reject(problem);
  }

  /**
   * Starts the answer to a claimed request to a provider. Throws a 409 problem if the worker has
   * not claimed the request.
   */
  open(id: string, workerId: string, facts: AnswerFacts): Upload {
    const read = this.#requireClaimed(id, workerId);
    const answer = this.#options.createAnswer(facts);
    read.state = "answering";
    let isOpened = false;
    const openToReaders = () => {
      isOpened = true;
      read.opened.resolve(answer);
    };
    /**
     * Called when the upload fails. If no client has received a part of the answer, offers the read
     * again; otherwise removes it.
     */
    const end = (problem?: Problem) => {
      answer.fail();
      if (isOpened) this.#remove(read);
      else if (problem === undefined && read.failures < MAX_FAILURES - 1) {
        read.failures += 1;
        this.#offerAgain(read);
      } else {
        this.#remove(read);
        read.opened.reject(problem ?? readFailed("The worker did not send the whole answer."));
      }
    };
    const upload = new Upload(answer, {
      onPart: () => {
        this.#startTimer(read, PAUSE_MS, () => upload.abort());
        if (!isOpened && answer.length >= STREAM_BYTES) openToReaders();
      },
      onComplete: () => {
        this.#remove(read);
        this.#options.onComplete(read, answer);
        openToReaders();
      },
      onFailure: end,
    });
    this.#startTimer(read, PAUSE_MS, () => upload.abort());
    return upload;
  }

  close(): void {
    clearInterval(this.#offerTimer);
    const problem = new Problem("service-unavailable", "This server is shutting down.", { retryAfter: 1 });
    for (const read of [...this.#byId.values()]) {
      this.#remove(read);
      read.opened.reject(problem);
    }
  }

  #requireClaimed(id: string, workerId: string): ServedRead {
    const read = this.#byId.get(id);
    if (read === undefined || read.state !== "claimed" || read.workerId !== workerId) throw readLost();
    return read;
  }

  #offerAgain(read: ServedRead): void {
    clearTimeout(read.timer);
    read.state = "offered";
    read.workerId = undefined;
    if (read.readers === 0) this.#remove(read);
    else this.#offer([read]);
  }

  #offer(reads: readonly ServedRead[]): void {
    this.#options.offer(reads);
    this.#offerTimer ??= setInterval(() => this.#repeatOffers(), OFFER_INTERVAL_MS).unref();
  }

  #repeatOffers(): void {
    const offered = [...this.#byId.values()].filter(({ state }) => state === "offered");
    if (offered.length > 0) this.#options.offer(offered);
    if (this.#byId.size > 0) return;
    clearInterval(this.#offerTimer);
    this.#offerTimer = undefined;
  }

  #startTimer(read: ServedRead, ms: number, onTimeout = () => this.#expire(read)): void {
    clearTimeout(read.timer);
    read.timer = setTimeout(onTimeout, ms).unref();
  }

  #expire(read: ServedRead): void {
    this.#remove(read);
    read.opened.reject(new Problem("provider-timeout", "The worker did not answer in time."));
  }

  #remove(read: ServedRead): void {
    clearTimeout(read.timer);
    if (!this.#byId.delete(read.id)) return;
    const { providerId, key, roomId } = read.target;
    if (this.#byKey.get(toKey(providerId, key)) === read) this.#byKey.delete(toKey(providerId, key));
    const left = (this.#perRoom.get(roomId) ?? 1) - 1;
    if (left > 0) this.#perRoom.set(roomId, left);
    else this.#perRoom.delete(roomId);
    // The worker of this read can now claim another one. It may have ignored earlier offers because
    // it had its maximum number of reads, so the remaining reads are offered again.
    if (read.workerId !== undefined) {
      const offered = this.findOffered(new Set([providerId]));
      if (offered.length > 0) this.#options.offer(offered);
    }
  }
}

const toKey = (providerId: string, key: string) => `${providerId}:${key}`;
