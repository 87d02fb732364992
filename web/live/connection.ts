import { useSyncExternalStore } from "react";
import type { Failure } from "../api/failure.ts";
import type { StreamState } from "../api/follow.ts";

/** How one stream stands. */
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

/** Says how a stream stands; undefined: it is followed no longer. */
export const tellConnection = (key: symbol, connection: Connection | undefined): void => {
  const next = new Map(connections);
  if (connection === undefined) next.delete(key);
  else next.set(key, connection);
  change(next);
};

const RANK: Record<StreamState, number> = { live: 0, connecting: 1, refused: 2, "cut-off": 3 };

const worst = (): Connection | undefined =>
  [...connections.values()].sort((a, b) => RANK[b.state] - RANK[a.state])[0];

let last: Connection | undefined;
const snapshot = () => {
  const next = worst();
  if (next?.state !== last?.state || next?.failure !== last?.failure) last = next;
  return last;
};

/** The stream of this page that stands worst; undefined where none is followed. */
export const useConnection = (): Connection | undefined =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, snapshot);
