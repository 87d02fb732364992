/** Gives equal strings as one: ids come again and again in a long history, and every parsed line brings copies of its own. */
export class SharedStrings {
  readonly #known = new Map<string, string>();

  /** The value with each of its own strings shared; of arrays and objects in it too. */
  in<Value>(value: Value): Value {
    if (typeof value !== "object" || value === null) return value;
    const parts: Record<string, unknown> = Object(value);
    for (const [key, part] of Object.entries(parts)) {
      if (typeof part === "string") parts[key] = this.#of(part);
      else if (typeof part === "object") this.in(part);
    }
    return value;
  }

  #of(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#known.set(text, text);
    return text;
  }
}
