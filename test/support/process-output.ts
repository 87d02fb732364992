/** What a process has printed so far: as text by stream, and as whole lines of both streams in order of arrival. */
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

  /** Counts what came without a final newline as lines too, once nothing more can come. */
  end(): void {
    for (const rest of [this.#rest.stdout, this.#rest.stderr]) if (rest !== "") this.lines.push(rest);
    this.#rest.stdout = "";
    this.#rest.stderr = "";
  }

  find(pattern: RegExp): RegExpMatchArray | undefined {
    // `g` and `y` carry a position from one match to the next.
    const stateless = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
    for (const line of this.lines) {
      const match = line.match(stateless);
      if (match !== null) return match;
    }
    return undefined;
  }

  /** The last lines, indented for an error message. */
  tail(count = 15): string {
    if (this.lines.length === 0) return "  (no output)";
    return this.lines
      .slice(-count)
      .map((line) => `  ${line}`)
      .join("\n");
  }
}
