/**
 * The output of a process: the text of each stream, and the complete lines of both streams in the
 * order of arrival.
 */
export class ProcessOutput {
  readonly lines: string[] = [];
  readonly #text = { stdout: "", stderr: "" };
  readonly #rest = { stdout: "", stderr: "" };

  get stdout(): string {
    return this.#text.stdout;
  }

  get stderr(): string {
    return this.#text.stderr;
  }

  add(stream: "stdout" | "stderr", chunk: string): void {
    this.#text[stream] += chunk;
    const pieces = (this.#rest[stream] + chunk).split(/\r?\n/);
    this.#rest[stream] = pieces.pop() ?? "";
    this.lines.push(...pieces);
  }

  /**
   * Adds the last line of each stream, even if the line has no line break. Call this method after
   * the process has ended.
   */
  end(): void {
    for (const rest of [this.#rest.stdout, this.#rest.stderr]) if (rest !== "") this.lines.push(rest);
    this.#rest.stdout = "";
    this.#rest.stderr = "";
  }

  find(pattern: RegExp): RegExpMatchArray | undefined {
    // Removes the flags `g` and `y`, because they make a regular expression remember a position
    // between matches.
    const stateless = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
    for (const line of this.lines) {
      const match = line.match(stateless);
      if (match !== null) return match;
    }
    return undefined;
  }

  /** Returns the last `count` lines, indented for an error message. */
  tail(count = 15): string {
    if (this.lines.length === 0) return "  (no output)";
    return this.lines
      .slice(-count)
      .map((line) => `  ${line}`)
      .join("\n");
  }
}
