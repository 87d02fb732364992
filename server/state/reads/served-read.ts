import { type JsonObject, Problem, type Read } from "../../../protocol/index.ts";
import type { Answer } from "./answer.ts";

/** A provider and the parameters of a read. */
export interface ReadTarget {
  readonly providerId: string;
  readonly params: JsonObject;
  /** Identifies the parameters: equal parameters have the same key. */
  readonly key: string;
  /**
   * The room of the first client that requested the read. The read counts towards the limit of this
   * room.
   */
  readonly roomId: string;
}

/**
 * A read that waits for its answer. `offered`: no worker has claimed it. `claimed`: a worker has.
 * `answering`: the answer arrives.
 */
export class ServedRead {
  readonly id: string;
  readonly target: ReadTarget;
  /**
   * The number of the provider's last invalidation when a worker claimed the read. If the provider
   * was invalidated after that, the answer is not cached.
   */
  generation = 0;
  state: "offered" | "claimed" | "answering" = "offered";
  workerId: string | undefined;
  /** Number of clients that wait for the start of the answer. */
  readers = 0;
  /** Number of uploads that ended early. */
  failures = 0;
  /** Ends a claimed read that is never answered. */
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
 * Creates the 409 problem for a worker that answers a read which it has not claimed, or which needs
 * no answer any longer.
 */
export function readLost(): Problem {
  return new Problem(
    "read-lost",
    "This worker has no claim on the read: the read was answered, it timed out, or another worker claimed it. Discard the answer.",
  );
}

/** Creates the 502 problem for the clients that wait for an answer. */
export function readFailed(detail: string): Problem {
  return new Problem("read-failed", detail);
}
