import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** An editor writes a file in several steps; what comes within this time is one change. */
const SETTLING_MS = 100;

/** Sees changes of files, those between two calls of `next` included. */
export interface FileWatcher {
  /** From now on these files matter, and no others. */
  follow(files: readonly string[]): void;
  /** Resolves once something has changed since the last time; false where the signal came first. */
  next(signal: AbortSignal): Promise<boolean>;
  [Symbol.dispose](): void;
}

/** Watches nothing until it is told what to follow. */
export const watchFiles = (): FileWatcher => {
  const watchers = new Map<string, FSWatcher>();
  let followed: ReadonlySet<string> = new Set();
  let settling: NodeJS.Timeout | undefined;
  let change = Promise.withResolvers<boolean>();

  const seen = (directory: string, name: string | null) => {
    const isFollowed = [...followed].some(
      (file) => dirname(file) === directory && (name === null || basename(file) === name),
    );
    if (isFollowed) settling ??= setTimeout(() => change.resolve(true), SETTLING_MS);
  };

  return {
    follow(files) {
      followed = new Set(files);
      for (const directory of new Set(files.map((file) => dirname(file)))) {
        if (watchers.has(directory)) continue;
        // Directories, not files: an editor that saves by renaming leaves a watched file behind.
        const watcher = watch(directory, (_, name) => seen(directory, name));
        // A directory that was deleted can only come back by a restart.
        watcher.on("error", () => watcher.close());
        watchers.set(directory, watcher);
      }
    },
    async next(signal) {
      const stopped = Promise.withResolvers<boolean>();
      const stop = () => stopped.resolve(false);
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop, { once: true });
      const hasChanged = await Promise.race([change.promise, stopped.promise]);
      signal.removeEventListener("abort", stop);
      if (hasChanged) {
        settling = undefined;
        change = Promise.withResolvers<boolean>();
      }
      return hasChanged;
    },
    [Symbol.dispose]() {
      clearTimeout(settling);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
};
