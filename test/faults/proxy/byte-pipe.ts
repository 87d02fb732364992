import type { Socket } from "node:net";
import type { DirectionFaults } from "./connection-faults.ts";

/** A chunk or the end of the stream, which is delivered at the time `at`. */
interface Delivery {
  readonly at: number;
  deliver(): void;
}

/**
 * Forwards one direction of a connection. Delivers the chunks in order, with the current delays and
 * cuts.
 */
export class BytePipe {
  readonly #to: Socket;
  readonly #getFaults: () => DirectionFaults;
  readonly #cut: () => void;
  readonly #pending: Delivery[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sentBytes = 0;
  #busyUntil = 0;

  constructor(to: Socket, getFaults: () => DirectionFaults, cut: () => void) {
    this.#to = to;
    this.#getFaults = getFaults;
    this.#cut = cut;
  }

  write(chunk: Buffer): void {
    const { blackHole = false, delayMs = 0, bytesPerSecond, cutAfterBytes } = this.#getFaults();
    if (blackHole) return;
    const left = cutAfterBytes === undefined ? chunk.length : Math.max(0, cutAfterBytes - this.#sentBytes);
    const part = chunk.subarray(0, left);
    this.#sentBytes += part.length;
    const isCut = cutAfterBytes !== undefined && this.#sentBytes >= cutAfterBytes;
    const latencyMs = typeof delayMs === "function" ? delayMs() : delayMs;
    const transferMs = bytesPerSecond === undefined ? 0 : (part.length / bytesPerSecond) * 1000;
    this.#send(latencyMs, transferMs, () => {
      if (part.length > 0 && this.#to.writable) this.#to.write(part);
      if (isCut) this.#cut();
    });
  }

  /** Ends the stream after the pending deliveries. */
  end(): void {
    if (this.#getFaults().blackHole !== true) this.#send(0, 0, () => void this.#to.end());
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#pending.length = 0;
  }

  #send(latencyMs: number, transferMs: number, deliver: () => void): void {
    const now = performance.now();
    this.#busyUntil = Math.max(this.#busyUntil + transferMs, now + latencyMs + transferMs);
    this.#pending.push({ at: this.#busyUntil, deliver });
    if (this.#pending.length === 1) this.#run();
  }

  /**
   * Delivers everything that is due and schedules the rest. There is only one timer, so that the
   * order of the chunks is preserved.
   */
  #run(): void {
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      const wait = next.at - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#run(), Math.ceil(wait));
        return;
      }
      next.deliver();
      this.#pending.shift();
    }
  }
}
