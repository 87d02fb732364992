import { useSyncExternalStore } from "react";

let room: string | undefined;
const listeners = new Set<() => void>();

/** Sets the room of the current page. The pages of a task or a worker call this when they have loaded. */
export const enterRoom = (next: string | undefined): void => {
  if (next === room) return;
  room = next;
  for (const listener of listeners) listener();
};

/** Returns the room that was visited last. Returns undefined if none was visited yet. */
export const useRoom = (): string | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => room,
  );
