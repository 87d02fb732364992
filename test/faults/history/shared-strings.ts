/**
 * Replaces equal strings by one shared string, to save memory: a long history repeats the same ids,
 * and parsing creates a new copy of each.
 */
export class SharedStrings {
  readonly #known = new Map<string, string>();

  /**
   * Replaces the strings of a value in place, including those in nested arrays and objects, and
   * returns the value.
   */
  shareStrings<Value>(value: Value): Value {
    if (typeof value !== "object" || value === null) return value;
    const parts: Record<string, unknown> = Object(value);
    for (const [key, part] of Object.entries(parts)) {
      if (typeof part === "string") parts[key] = this.#share(part);
      else if (typeof part === "object") this.shareStrings(part);
    }
    return value;
  }

  #share(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#known.set(text, text);
    return text;
  }
}
