/** What happens to the bytes of one direction. */
export interface DirectionProgram {
  /** Each chunk is late by so much; the order is kept. */
  readonly delayMs?: number | (() => number);
  /** Nothing arrives any more, and nobody is told. */
  readonly blackHole?: boolean;
  /** So many bytes pass, then the connection is cut. */
  readonly cutAfterBytes?: number;
  readonly bytesPerSecond?: number;
}

/** What happens to a connection. */
export interface LinkProgram {
  readonly toServer?: DirectionProgram;
  readonly toClient?: DirectionProgram;
  /** Cut once nothing has passed for so long, as load balancers do. */
  readonly idleCutMs?: number;
}

/** A program for all connections, or one for each as it is opened. */
export type Programming = LinkProgram | ((connection: number) => LinkProgram);

/** Waits for a request, lets it through, and swallows what is answered. */
export interface Trap {
  /** Found anywhere in what a client sends. */
  readonly request: RegExp;
  /** What becomes of the connection when the answer comes: cut, or left open and silent. */
  readonly fate: "cut" | "hold";
}

/** A trap that was set; `sprung` resolves when an answer was swallowed. */
export interface SetTrap {
  readonly sprung: Promise<void>;
  remove(): void;
}
