import type { OutputParts } from "../../protocol/tasks/output.ts";
import type { Io } from "../io/output.ts";
import { escapeText } from "../io/sanitize.ts";

/** The target of the parts with `--json`: results on stdout, or events on stderr. */
export type JsonTarget = "results" | "events";

/**
 * Prints the output of a task to stdout: text as it arrives, and any other value as JSON on its own
 * line.
 */
export class OutputPrinter {
  readonly #io: Io;
  readonly #jsonTarget: JsonTarget;
  #hasPrinted = false;
  #isLineOpen = false;

  constructor(io: Io, jsonTarget: JsonTarget) {
    this.#io = io;
    this.#jsonTarget = jsonTarget;
  }

  get hasPrinted(): boolean {
    return this.#hasPrinted;
  }

  /** Prints a part. */
  print(part: {
    readonly attempt: number;
    readonly number: number;
    readonly value: OutputParts["parts"][number];
  }): void {
    const { value } = part;
    this.#hasPrinted = true;
    if (this.#io.json) {
      if (this.#jsonTarget === "results") this.#io.printLine(part, "");
      else this.#io.printEvent({ event: "output", ...part }, "");
    } else if (typeof value === "string") {
      if (value === "") return;
      this.#io.printDocument(escapeText(value));
      this.#isLineOpen = !value.endsWith("\n");
    } else {
      this.closeLine();
      this.#io.printDocument(`${escapeText(JSON.stringify(value))}\n`);
    }
  }

  /** Prints a note if the output of an earlier attempt was printed. */
  startAttempt(attempt: number): void {
    if (!this.#hasPrinted) return;
    this.closeLine();
    if (this.#io.json) this.#io.printEvent({ event: "attempt", attempt }, "");
    else this.#io.printNote(`attempt ${attempt}: the output starts again`, "dim");
  }

  /** Ends the current line, so that other text can be printed. */
  closeLine(): void {
    if (this.#isLineOpen) this.#io.printDocument("\n");
    this.#isLineOpen = false;
  }
}
