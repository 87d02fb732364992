import { closeSync, openSync, writeSync } from "node:fs";
import { monotonic } from "../clock.ts";
import type { Answered, Asked, Event, Note, Operation } from "./event.ts";

/** An operation that was begun and is to be ended once. */
export interface Invoked {
  readonly op: number;
  ok(answered?: Answered): void;
  fail(answered: Answered): void;
  /** It may have happened, and it may happen yet. */
  unknown(answered: Answered): void;
}

/** Writes one process's part of a history: a line as soon as it is known, so that a killed process has told all it knew. */
export class Recorder implements Disposable {
  readonly #file: number;
  readonly #process: string;
  #op = 0;

  constructor(path: string, process: string) {
    this.#file = openSync(path, "a");
    this.#process = process;
  }

  invoke(f: Operation, asked: Asked): Invoked {
    this.#op += 1;
    const op = this.#op;
    const t = monotonic();
    this.#write({ t, process: this.#process, phase: "invoke", op, f, asked });
    const end = (phase: "ok" | "fail" | "unknown") => (answered: Answered) =>
      this.#write({ t: monotonic(), process: this.#process, phase, op, f, answered });
    const ok = end("ok");
    return { op, ok: (answered = {}) => ok(answered), fail: end("fail"), unknown: end("unknown") };
  }

  /** A fault that was made, for the record and the figures. */
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
