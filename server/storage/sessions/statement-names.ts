/**
 * Maximum number of names. It is more than the number of lookup statements. Statements beyond it are not
 * prepared.
 */
const MAX_NAMES = 200;

/** The names of prepared statements. A name always refers to the same text in all sessions of a pool. */
export class StatementNames {
  #names = new Map<string, string>();
  #count = 0;

  getName(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) return undefined;
    const name = `joblib_${this.#count}`;
    this.#count += 1;
    this.#names.set(text, name);
    return name;
  }

  /** Removes a name, so that the text gets a new one. Sessions keep the prepared statement of the old name until they end. */
  removeName(text: string, name: string | undefined): void {
    if (this.#names.get(text) === name) this.#names.delete(text);
  }
}
