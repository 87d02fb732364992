import { useSyncExternalStore } from "react";

let room: string | undefined;
const listeners = new Set<() => void>();

/** The room that the page is about: a task or a worker tells its own once it is known. */
export const enterRoom = (next: string | undefined): void => {
  if (next === room) return;
  room = next;
  for (const listener of listeners) listener();
};

/** The room that was looked at last; undefined before the first. */
export const useRoom = (): string | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => room,
  );
