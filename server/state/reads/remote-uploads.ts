import { Problem } from "../../../protocol/index.ts";
import type { AnswerFacts } from "./answer.ts";
import { readLost } from "./served-read.ts";
import type { ServerMessages, ServerRequest } from "./server-messages.ts";
import type { Upload } from "./upload.ts";

/**
 * Size of a part of an answer that is forwarded to another server, in bytes. Encoded as base64, a
 * message has 87 KB.
 */
const PART_BYTES = 64 * 1024;
/**
 * Maximum number of parts that are sent before the other server has responded. It limits the parts
 * that Redis buffers for a slow server.
 */
const MAX_PENDING_PARTS = 4;

type PartRequest = Extract<ServerRequest, { kind: "part" | "end" | "abort" }>;

/** Receives the parts of a provider's answer. */
export interface AnswerSink {
  write(part: Uint8Array): void | Promise<void>;
  end(): void | Promise<void>;
  abort(): void;
}

/** Forwards an answer to the server whose clients wait for it. */
export class ForwardedUpload implements AnswerSink {
  readonly #messages: ServerMessages;
  readonly #serverId: string;
  readonly #upload: string;
  readonly #pending = new Set<Promise<unknown>>();
  #problem: unknown;
  #index = 0;

  constructor(messages: ServerMessages, serverId: string, upload: string) {
    this.#messages = messages;
    this.#serverId = serverId;
    this.#upload = upload;
  }

  /**
   * Starts an answer. Throws a 409 problem if the worker has not claimed the request to the
   * provider, or if the server of that request does not respond.
   */
  static async open(
    messages: ServerMessages,
    { serverId, read, worker, upload }: { serverId: string; read: string; worker: string; upload: string },
    facts: AnswerFacts,
  ): Promise<ForwardedUpload> {
    const request = { kind: "open", read, worker, upload, ...facts } as const;
    await messages.request(serverId, request).catch((error: unknown) => {
      throw error instanceof Problem && error.id === "service-unavailable" ? readLost() : error;
    });
    return new ForwardedUpload(messages, serverId, upload);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.byteLength; from += PART_BYTES) {
      while (this.#pending.size >= MAX_PENDING_PARTS) await Promise.race(this.#pending);
      this.#throwProblem();
      const data = Buffer.from(bytes.subarray(from, from + PART_BYTES)).toString("base64");
      const sent = this.#messages
        .request(this.#serverId, { kind: "part", upload: this.#upload, index: this.#index++, data })
        .catch((error: unknown) => {
          this.#problem ??= error;
        })
        .finally(() => this.#pending.delete(sent));
      this.#pending.add(sent);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#pending);
    this.#throwProblem();
    await this.#messages.request(this.#serverId, { kind: "end", upload: this.#upload, index: this.#index });
  }

  abort(): void {
    this.#messages.request(this.#serverId, { kind: "abort", upload: this.#upload }).catch(() => {});
  }

  #throwProblem(): void {
    if (this.#problem !== undefined) throw this.#problem;
  }
}

/**
 * The uploads that other servers forward to this server. A worker can upload its answer to any
 * server, which then forwards the answer to the server whose clients wait for it.
 */
export class ReceivedUploads {
  readonly #uploads = new Map<string, { readonly upload: Upload; next: number }>();

  add(id: string, upload: Upload): void {
    // Removes uploads that have ended. If the server that forwards an upload crashes, the upload
    // ends after a timeout.
    for (const [known, { upload }] of this.#uploads) if (upload.isEnded) this.#uploads.delete(known);
    this.#uploads.set(id, { upload, next: 0 });
  }

  /**
   * Handles a message of an upload: a part, the end or an abort. If the index is not the next one,
   * a message was lost: then aborts the upload and throws a 409 problem.
   */
  receive(request: PartRequest): void {
    const received = this.#uploads.get(request.upload);
    if (received === undefined) throw readLost();
    const { upload } = received;
    if (request.kind === "abort" || request.index !== received.next) {
      this.#uploads.delete(request.upload);
      upload.abort();
      if (request.kind !== "abort") throw readLost();
    } else if (request.kind === "end") {
      this.#uploads.delete(request.upload);
      upload.end();
    } else {
      received.next += 1;
      upload.write(Buffer.from(request.data, "base64"));
    }
  }
}
