import { addAbortListener } from "node:events";
import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Editors write a file in several steps. Events within this time count as one change. */
const DEBOUNCE_MS = 100;

/** Watches files. Changes between two calls of `next` are not lost. */
export interface FileWatcher {
  /** Replaces the list of watched files. */
  follow(files: readonly string[]): void;
  /**
   * Resolves with true after a change since the previous call, or with false if the signal is
   * aborted first.
   */
  next(signal: AbortSignal): Promise<boolean>;
  [Symbol.dispose](): void;
}

/** Creates a watcher that does not watch any files yet. */
export function watchFiles(): FileWatcher {
  const watchers = new Map<string, FSWatcher>();
  let followed: ReadonlySet<string> = new Set();
  let settling: NodeJS.Timeout | undefined;
  let change = Promise.withResolvers<boolean>();

  const handleChange = (directory: string, name: string | null) => {
    const isFollowed = [...followed].some(
      (file) => dirname(file) === directory && (name === null || basename(file) === name),
    );
    if (isFollowed) settling ??= setTimeout(() => change.resolve(true), DEBOUNCE_MS);
  };

  return {
    follow(files) {
      followed = new Set(files);
      for (const directory of new Set(files.map((file) => dirname(file)))) {
        if (watchers.has(directory)) continue;
        // Directories are watched instead of files, because many editors save by renaming a new
        // file to the old name. A watcher of a file would not notice changes after that.
        const watcher = watch(directory, (_, name) => handleChange(directory, name));
        // If the directory is deleted, its files are not watched any longer until the command is
        // restarted.
        watcher.on("error", () => watcher.close());
        watchers.set(directory, watcher);
      }
    },
    async next(signal) {
      const stopped = Promise.withResolvers<boolean>();
      using _listener = addAbortListener(signal, () => stopped.resolve(false));
      const hasChanged = await Promise.race([change.promise, stopped.promise]);
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
}
