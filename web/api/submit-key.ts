/**
 * Returns a random idempotency key. Does not use `crypto.randomUUID`, which does not exist on a page that was loaded
 * over plain HTTP.
 */
export const createSubmitKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * Idempotency keys of submits. A submit without a response is retried with the same key, so that it creates
 * only one task.
 */
export class SubmitKeys {
  #current: { readonly text: string; readonly key: string } | undefined;

  getKey(text: string): string {
    if (this.#current?.text !== text) this.#current = { text, key: createSubmitKey() };
    return this.#current.key;
  }

  /**
   * Removes the key after a response, so that the same content creates a new task if it is submitted again.
   */
  release(): void {
    this.#current = undefined;
  }
}
