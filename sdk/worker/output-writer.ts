import { Batcher } from "../../protocol/batcher.ts";
import { MAX_PARTS_PER_UPDATE, type NewOutput, type OutputPart } from "../../protocol/index.ts";
import type { TaskOutput } from "../extension/extension.ts";
import { toJson } from "../extension/json.ts";

/**
 * Maximum total length of the parts in a request, in characters. A text part that is longer is
 * split into several parts.
 */
const MAX_REQUEST_LENGTH = 65_536;
/** Total length of the unsent parts, in characters, above which `write` waits. */
const MAX_UNSENT_LENGTH = 65_536;
/**
 * Length that is assumed for shorter parts, in characters. It limits the number of unsent parts,
 * and of parts per request.
 */
const MIN_COUNTED_LENGTH = Math.ceil(MAX_REQUEST_LENGTH / MAX_PARTS_PER_UPDATE);

interface UnsentPart {
  readonly part: OutputPart;
  readonly length: number;
}

/**
 * Numbers and sends the output parts of an attempt, one request at a time. After an error, it sends
 * nothing more.
 */
export class OutputWriter implements TaskOutput {
  readonly #batcher: Batcher<UnsentPart, undefined>;
  #next = 0;
  #unsentLength = 0;
  #last: Promise<unknown> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(send: (output: NewOutput) => Promise<unknown>) {
    this.#batcher = new Batcher({
      run: async (batch) => {
        if (this.#failure !== undefined) throw this.#failure.error;
        const parts = batch.map(({ part }) => part);
        await send({ number: this.#next, parts });
        this.#next += parts.length;
        return parts.map(() => undefined);
      },
      // Parts must be stored in order, so no later part is sent after a part has failed.
      failsWholeBatch: () => true,
      maxWeight: MAX_REQUEST_LENGTH,
      getWeight: ({ length }) => length,
    });
  }

  async write(part: unknown): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (typeof part !== "string") return this.#add(toJson(part));
    const text = part.toWellFormed().replaceAll("\u0000", "\ufffd");
    for (const piece of splitText(text)) await this.#add(piece);
  }

  /** Resolves when all parts are stored. Rejects if one could not be stored. */
  async flush(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #add(part: OutputPart): Promise<void> | undefined {
    const size = typeof part === "string" ? part.length : JSON.stringify(part).length;
    const length = Math.max(size, MIN_COUNTED_LENGTH);
    this.#unsentLength += length;
    const stored = this.#batcher.add({ part, length }).then(
      () => {
        this.#unsentLength -= length;
      },
      (error: unknown) => {
        this.#failure ??= { error };
      },
    );
    this.#last = stored;
    return this.#unsentLength > MAX_UNSENT_LENGTH ? this.flush() : undefined;
  }
}

/** Splits a text into parts that fit into one request. Does not split surrogate pairs. */
function* splitText(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + MAX_REQUEST_LENGTH / 2);
    const isDivided = end < text.length && !text.slice(start, end).isWellFormed();
    if (isDivided) end -= 1;
    yield text.slice(start, end);
    start = end;
  }
}
