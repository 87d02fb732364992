/**
 * Returns a random idempotency key. Does not use `crypto.randomUUID`, because browsers do not
 * define it on pages loaded over plain HTTP.
 */
export const createSubmitKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * The idempotency key of a submit. If a submit receives no response, the retry uses the same key,
 * so that the server creates only one task.
 */
export class SubmitKeys {
  #current: { readonly text: string; readonly key: string } | undefined;

  getKey(text: string): string {
    if (this.#current?.text !== text) this.#current = { text, key: createSubmitKey() };
    return this.#current.key;
  }

  /**
   * Forgets the key after a response, so that submitting the same content again creates a new task.
   */
  release(): void {
    this.#current = undefined;
  }
}
