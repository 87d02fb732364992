import { Problem } from "../../../protocol/index.ts";
import type { Answer } from "./answer.ts";
import { readFailed, readLost } from "./served-read.ts";

interface UploadEvents {
  onPart(): void;
  onComplete(): void;
  /**
   * Called if the upload fails. If there is no problem, the upload was interrupted, and another
   * attempt may succeed.
   */
  onFailure(problem?: Problem): void;
}

/** The upload of the answer to a request to a provider. */
export class Upload {
  readonly #answer: Answer;
  readonly #events: UploadEvents;
  #isEnded = false;

  constructor(answer: Answer, events: UploadEvents) {
    this.#answer = answer;
    this.#events = events;
  }

  /**
   * Adds a part of the answer. Throws a 413 or 503 problem if there is no memory for the part, and
   * a 409 problem if the upload has ended.
   */
  write(part: Uint8Array): void {
    if (this.#isEnded) throw readLost();
    try {
      this.#answer.append(part);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const isTooLarge = error.id === "payload-too-large";
      this.#fail(
        isTooLarge ? readFailed(`The server rejected the worker's answer. ${error.message}`) : error,
      );
      throw error;
    }
    this.#events.onPart();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Completes the answer. Throws a 409 problem if the upload has ended. */
  end(): void {
    if (this.#isEnded) throw readLost();
    this.#isEnded = true;
    this.#answer.complete();
    this.#events.onComplete();
    this.#release();
  }

  /** Ends an upload that was interrupted. */
  abort(): void {
    this.#fail();
  }

  #fail(problem?: Problem): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#events.onFailure(problem);
    this.#release();
  }

  /**
   * Releases the answer in the next iteration of the event loop. By then, the clients that wait for
   * the answer have called `retain`.
   */
  #release(): void {
    setImmediate(() => this.#answer.release());
  }
}
