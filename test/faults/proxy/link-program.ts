/** Faults for one direction of a connection. */
export interface DirectionProgram {
  /** Delay of each chunk, in milliseconds. The order of the chunks is preserved. */
  readonly delayMs?: number | (() => number);
  /** Drops all data without closing the connection. */
  readonly blackHole?: boolean;
  /** Cuts the connection after this number of bytes. */
  readonly cutAfterBytes?: number;
  readonly bytesPerSecond?: number;
}

/** Faults for both directions of a connection. */
export interface LinkProgram {
  readonly toServer?: DirectionProgram;
  readonly toClient?: DirectionProgram;
  /** Cuts the connection when it has been idle for this many milliseconds, as load balancers do. */
  readonly idleCutMs?: number;
}

/**
 * The program of all connections, or a function that returns the program of each new connection.
 */
export type ProgramSource = LinkProgram | ((connection: number) => LinkProgram);

/** Forwards the first matching request and drops its response. */
export interface Trap {
  /** Matched against each chunk that a client sends. */
  readonly request: RegExp;
  /** Cuts the connection when the response arrives, or leaves it open and silent. */
  readonly action: "cut" | "silence";
}

/** Controls an active trap. `triggered` resolves when a response was dropped. */
export interface TrapHandle {
  readonly triggered: Promise<void>;
  remove(): void;
}
