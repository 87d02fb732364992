import { closeSync, openSync, writeSync } from "node:fs";
import { monotonic } from "../clock.ts";
import type { Event, Note, Operation, OperationInput, OperationOutput } from "./event.ts";

/** A started operation, which must be completed once. */
export interface PendingOperation {
  readonly op: number;
  ok(output?: OperationOutput): void;
  fail(output: OperationOutput): void;
  /** Records that the operation may have had an effect, or may still have one. */
  unknown(output: OperationOutput): void;
}

/**
 * Writes the history of one process. Every line is written synchronously, so that a killed process
 * loses no event.
 */
export class Recorder implements Disposable {
  readonly #file: number;
  readonly #process: string;
  #op = 0;

  constructor(path: string, process: string) {
    this.#file = openSync(path, "a");
    this.#process = process;
  }

  invoke(operation: Operation, input: OperationInput): PendingOperation {
    this.#op += 1;
    const op = this.#op;
    const t = monotonic();
    this.#write({ t, process: this.#process, phase: "invoke", op, operation, input });
    const end = (phase: "ok" | "fail" | "unknown") => (output: OperationOutput) =>
      this.#write({ t: monotonic(), process: this.#process, phase, op, operation, output });
    const ok = end("ok");
    return { op, ok: (output = {}) => ok(output), fail: end("fail"), unknown: end("unknown") };
  }

  /** Records an injected fault. */
  fault(kind: string): void {
    this.note({ note: "fault", kind });
  }

  note(note: Omit<Note, "t" | "process" | "phase">): void {
    this.#write({ t: monotonic(), process: this.#process, phase: "note", ...note });
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #write(event: Event): void {
    writeSync(this.#file, `${JSON.stringify(event)}\n`);
  }
}
