/** Faults for one direction of a connection. */
export interface DirectionFaults {
  /** Delay of each chunk, in milliseconds. The order of the chunks is preserved. */
  readonly delayMs?: number | (() => number);
  /** Drops all data without closing the connection. */
  readonly blackHole?: boolean;
  /** Cuts the connection after this number of bytes. */
  readonly cutAfterBytes?: number;
  readonly bytesPerSecond?: number;
}

/** Faults for both directions of a connection. */
export interface ConnectionFaults {
  readonly toServer?: DirectionFaults;
  readonly toClient?: DirectionFaults;
  /** Cuts the connection when it has been idle for this many milliseconds, as load balancers do. */
  readonly idleCutMs?: number;
}

/** The faults of all connections, or a function that returns the faults of each new connection. */
export type FaultSource = ConnectionFaults | ((connection: number) => ConnectionFaults);

/**
 * A fault for one response. The proxy forwards the first request that matches and drops its
 * response.
 */
export interface Trap {
  /** A pattern that is matched against each chunk that a client sends. */
  readonly request: RegExp;
  /** `cut` resets the connection when the response arrives; `silence` leaves it open. */
  readonly action: "cut" | "silence";
}

/** Controls an active trap. `triggered` resolves when a response was dropped. */
export interface TrapHandle {
  readonly triggered: Promise<void>;
  remove(): void;
}
