import { useSyncExternalStore } from "react";
import type { Failure } from "../api/failure.ts";
import type { StreamState } from "../api/follow.ts";

/** The state of a stream. */
export interface Connection {
  readonly state: StreamState;
  readonly failure: Failure | undefined;
}

let connections: ReadonlyMap<symbol, Connection> = new Map();
const listeners = new Set<() => void>();

const change = (next: ReadonlyMap<symbol, Connection>) => {
  connections = next;
  for (const listener of listeners) listener();
};

/** Records the state of a stream. Removes the stream if `connection` is undefined. */
export const setConnection = (key: symbol, connection: Connection | undefined): void => {
  const next = new Map(connections);
  if (connection === undefined) next.delete(key);
  else next.set(key, connection);
  change(next);
};

const SEVERITY: Record<StreamState, number> = { live: 0, connecting: 1, refused: 2, "cut-off": 3 };

const findWorst = (): Connection | undefined =>
  [...connections.values()].sort((a, b) => SEVERITY[b.state] - SEVERITY[a.state])[0];

let last: Connection | undefined;
const snapshot = () => {
  const next = findWorst();
  if (next?.state !== last?.state || next?.failure !== last?.failure) last = next;
  return last;
};

/**
 * Returns the worst state of the streams that this page follows. Returns undefined if the page
 * follows no stream.
 */
export const useConnection = (): Connection | undefined =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, snapshot);
