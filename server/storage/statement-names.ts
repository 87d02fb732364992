/** More texts than the lookups have; beyond it, statements go unnamed. */
const MAX_NAMES = 200;

/** Names of prepared statements. A name means one text in all sessions of a pool, for as long as the pool lives. */
export class StatementNames {
  #names = new Map<string, string>();
  #count = 0;

  nameOf(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_NAMES) return undefined;
    const name = `joblib_${this.#count}`;
    this.#count += 1;
    this.#names.set(text, name);
    return name;
  }

  /** Gives a text another name, unless it has one already: sessions keep the statement of the old name to their end. */
  forget(text: string, name: string | undefined): void {
    if (this.#names.get(text) === name) this.#names.delete(text);
  }
}
