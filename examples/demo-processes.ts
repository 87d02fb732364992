import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../bin/joblib.js", import.meta.url));
const START_SECONDS = 60;

/** A joblib command in its own process. Disposing it stops the process. */
export class Command implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [BIN, ...args], {
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        this.#lines.push(line);
        this.#child.emit("line", line);
      });
    }
  }

  /**
   * Returns the first match in the command's output. Also searches the lines that the command has
   * already printed. Throws if the command ends without a match.
   */
  async waitForLine(pattern: RegExp): Promise<string> {
    const signal = AbortSignal.timeout(START_SECONDS * 1000);
    for (;;) {
      const match = this.#lines.map((line) => pattern.exec(line)).find((found) => found !== null);
      if (match) return match[0];
      if (this.#child.exitCode !== null)
        throw new Error(`the command ended early:\n${this.#lines.join("\n")}`);
      await Promise.race([once(this.#child, "line", { signal }), once(this.#child, "exit", { signal })]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}
