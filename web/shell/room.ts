import { useSyncExternalStore } from "react";

let room: string | undefined;
const listeners = new Set<() => void>();

/**
 * Sets the room of the current page. The pages of a task and of a worker call it once they have
 * loaded, because only then is their room known.
 */
export const enterRoom = (next: string | undefined): void => {
  if (next === room) return;
  room = next;
  for (const listener of listeners) listener();
};

/**
 * Returns the room that the user visited last. Returns undefined if the user has not visited a
 * room.
 */
export const useRoom = (): string | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => room,
  );
