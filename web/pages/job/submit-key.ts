/** A key that no other submit has; `crypto.randomUUID` is not there where the page came by plain HTTP. */
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Keys for submits: one whose answer never came is sent again under its own, and so is one task whatever happened. */
export class SubmitKeys {
  #open: { readonly text: string; readonly key: string } | undefined;

  keyOf(text: string): string {
    if (this.#open?.text !== text) this.#open = { text, key: newKey() };
    return this.#open.key;
  }

  /** The server has answered: the same content submitted again is another task. */
  answered(): void {
    this.#open = undefined;
  }
}
