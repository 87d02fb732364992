import { createHash, type Hash } from "node:crypto";
import { Problem } from "../../../protocol/index.ts";

/**
 * Size of the blocks into which received bytes are copied. Without blocks, an answer that arrives
 * in millions of chunks of one byte would use too much memory.
 */
const BLOCK_BYTES = 64 * 1024;

/** The memory that all answers in this process share, with a common limit. */
export class AnswerMemory {
  readonly #limit: number;
  /** Removes a cached answer to free its memory. Returns false if no cached answer is left. */
  readonly #evict: () => boolean;
  #used = 0;

  constructor(limit: number, evict: () => boolean) {
    this.#limit = limit;
    this.#evict = evict;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * Reserves memory, and removes cached answers if necessary. Throws a 503 problem if the limit is
   * reached and no cached answer is left.
   */
  reserve(bytes: number): void {
    while (this.#used + bytes > this.#limit) {
      if (!this.#evict()) {
        throw new Problem(
          "service-unavailable",
          "This server has too many answers in memory. Try again later.",
          { retryAfter: 1 },
        );
      }
    }
    this.#used += bytes;
  }

  free(bytes: number): void {
    this.#used -= bytes;
  }
}

/** The properties of an answer that its worker declares. */
export interface AnswerFacts {
  /** Seconds for which the answer may be cached. */
  readonly ttlSeconds: number;
  /** The ETag from the worker. */
  readonly etag: string | undefined;
  /** `Content-Length` of the answer. */
  readonly length: number | undefined;
}

/**
 * The body of a provider's answer. Clients that wait for the answer can receive the body while it
 * still arrives from the worker. The memory is freed when every user has called `release`: the
 * upload, the cache, and all clients.
 */
export class Answer {
  readonly facts: AnswerFacts;
  readonly #memory: AnswerMemory;
  readonly #maxBytes: number;
  /** Computes the hash of the body, which becomes the ETag if the worker has not sent an ETag. */
  readonly #hash: Hash | undefined;
  readonly #blocks: Buffer[] = [];
  #reserved = 0;
  #users = 1;
  #etag: string | undefined;
  #state: "open" | "complete" | "failed" = "open";
  #changed = Promise.withResolvers<void>();
  /** Number of received bytes. */
  length = 0;

  /** Creates an answer that has one user, its creator. The creator must call `release`. */
  constructor(facts: AnswerFacts, memory: AnswerMemory, maxBytes: number) {
    this.facts = facts;
    this.#memory = memory;
    this.#maxBytes = maxBytes;
    this.#etag = facts.etag;
    this.#hash = facts.etag === undefined ? createHash("sha256") : undefined;
  }

  /**
   * The ETag that the worker has sent. If it has sent none, the hash of the body; undefined until
   * the body is complete.
   */
  get etag(): string | undefined {
    return this.#etag;
  }

  get isComplete(): boolean {
    return this.#state === "complete";
  }

  /**
   * Adds bytes. Throws a 413 problem if the answer becomes too large, and a 503 problem if there is
   * no memory left.
   */
  append(bytes: Uint8Array): void {
    if (this.length + bytes.byteLength > this.#maxBytes) {
      throw new Problem("payload-too-large", `The answer is larger than ${this.#maxBytes} bytes.`);
    }
    this.#hash?.update(bytes);
    for (let from = 0; from < bytes.byteLength; ) {
      const offset = this.length % BLOCK_BYTES;
      if (offset === 0) this.#addBlock();
      const part = bytes.subarray(from, from + BLOCK_BYTES - offset);
      this.#blocks.at(-1)?.set(part, offset);
      from += part.byteLength;
      this.length += part.byteLength;
    }
    this.#notify();
  }

  /** Ends the body. Frees the unused part of its last block. */
  complete(): void {
    this.#state = "complete";
    if (this.#hash !== undefined) this.#etag = `"${this.#hash.digest("base64url")}"`;
    const used = this.length % BLOCK_BYTES;
    const last = used === 0 ? undefined : this.#blocks.pop();
    if (last !== undefined) {
      this.#blocks.push(Buffer.from(last.subarray(0, used)));
      this.#reserved -= BLOCK_BYTES - used;
      this.#memory.free(BLOCK_BYTES - used);
    }
    this.#notify();
  }

  /** Ends an incomplete body. Clients that have received a part of the body get an error. */
  fail(): void {
    if (this.#state === "open") this.#state = "failed";
    this.#notify();
  }

  retain(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#memory.free(this.#reserved);
    this.#reserved = 0;
    this.#blocks.length = 0;
  }

  /**
   * Yields the body from its start, and continues while the rest arrives. Throws an error if the
   * upload fails.
   */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    for (let offset = 0; ; ) {
      const changed = this.#changed.promise;
      while (offset < this.length) {
        const start = offset % BLOCK_BYTES;
        const index = (offset - start) / BLOCK_BYTES;
        const end = Math.min(BLOCK_BYTES, this.length - index * BLOCK_BYTES);
        const part = this.#blocks[index]?.subarray(start, end);
        if (part === undefined) throw new Error("the answer was released while it was read");
        offset += part.byteLength;
        yield part;
      }
      if (this.#state === "failed") throw new Error("the worker did not send the whole answer");
      if (this.#state === "complete") return;
      await changed;
    }
  }

  #addBlock(): void {
    this.#memory.reserve(BLOCK_BYTES);
    this.#reserved += BLOCK_BYTES;
    this.#blocks.push(Buffer.alloc(BLOCK_BYTES));
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
