import { type JsonObject, Problem, type Read } from "../../../protocol/index.ts";
import type { Answer } from "./answer.ts";

/** The provider and the parameters of a request to a provider. */
export interface ReadTarget {
  readonly providerId: string;
  readonly params: JsonObject;
  /** Identifies the parameters: equal parameters have the same key. */
  readonly key: string;
  /**
   * The room of the first client that sent this request. The read counts towards the limit of this
   * room.
   */
  readonly roomId: string;
}

/**
 * A request to a provider (a read) that waits for its answer. `offered`: no worker has claimed the
 * read. `claimed`: a worker has claimed it. `answering`: the worker is sending the answer.
 */
export class ServedRead {
  readonly id: string;
  readonly target: ReadTarget;
  /**
   * The number of the provider's last invalidation at the time when a worker claimed the read. If
   * there has been another invalidation since then, the answer is not cached.
   */
  generation = 0;
  state: "offered" | "claimed" | "answering" = "offered";
  workerId: string | undefined;
  /** Number of clients that wait for the start of the answer. */
  readers = 0;
  /** Number of answers to this read that were interrupted. */
  failures = 0;
  /** Ends the read if its worker does not answer in time. */
  timer: NodeJS.Timeout | undefined;
  /** Resolves when the answer is complete or large enough to be streamed. */
  readonly opened = Promise.withResolvers<Answer>();

  constructor(id: string, target: ReadTarget) {
    this.id = id;
    this.target = target;
    this.opened.promise.catch(() => {});
  }

  toWire(): Read {
    return { id: this.id, provider_id: this.target.providerId, params: this.target.params };
  }
}

/**
 * Creates the 409 problem for a worker that answers a request to a provider which it has not
 * claimed, or for which no client waits any longer.
 */
export function readLost(): Problem {
  return new Problem(
    "read-lost",
    "This worker has no claim on the read: the read was answered, it timed out, or another worker claimed it. Discard the answer.",
  );
}

/** Creates the 502 problem for clients whose request to a provider cannot be answered. */
export function readFailed(detail: string): Problem {
  return new Problem("read-failed", detail);
}
