import type { Socket } from "node:net";
import type { DirectionProgram } from "./link-program.ts";

/** Bytes on their way, or the end of them. */
interface Parcel {
  readonly at: number;
  deliver(): void;
}

/** One direction of a connection: carries chunks in order, as its program of the moment says. */
export class ByteLane {
  readonly #to: Socket;
  readonly #program: () => DirectionProgram;
  readonly #cut: () => void;
  readonly #underway: Parcel[] = [];
  #timer: NodeJS.Timeout | undefined;
  #carried = 0;
  #busyUntil = 0;

  constructor(to: Socket, program: () => DirectionProgram, cut: () => void) {
    this.#to = to;
    this.#program = program;
    this.#cut = cut;
  }

  carry(chunk: Buffer): void {
    const { blackHole = false, delayMs = 0, bytesPerSecond, cutAfterBytes } = this.#program();
    if (blackHole) return;
    const left = cutAfterBytes === undefined ? chunk.length : Math.max(0, cutAfterBytes - this.#carried);
    const piece = chunk.subarray(0, left);
    this.#carried += piece.length;
    const isCut = cutAfterBytes !== undefined && this.#carried >= cutAfterBytes;
    const late = typeof delayMs === "function" ? delayMs() : delayMs;
    const slow = bytesPerSecond === undefined ? 0 : (piece.length / bytesPerSecond) * 1000;
    this.#send(late, slow, () => {
      if (piece.length > 0 && this.#to.writable) this.#to.write(piece);
      if (isCut) this.#cut();
    });
  }

  /** The sender has ended; what is on its way still arrives. */
  end(): void {
    if (this.#program().blackHole !== true) this.#send(0, 0, () => void this.#to.end());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#underway.length = 0;
  }

  #send(lateMs: number, slowMs: number, deliver: () => void): void {
    const now = performance.now();
    this.#busyUntil = Math.max(this.#busyUntil + slowMs, now + lateMs + slowMs);
    this.#underway.push({ at: this.#busyUntil, deliver });
    if (this.#underway.length === 1) this.#run();
  }

  /** Delivers what is due, and comes back for the rest: one timer, so that nothing overtakes. */
  #run(): void {
    for (let next = this.#underway[0]; next !== undefined; next = this.#underway[0]) {
      const wait = next.at - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#run(), Math.ceil(wait));
        return;
      }
      next.deliver();
      this.#underway.shift();
    }
  }
}
