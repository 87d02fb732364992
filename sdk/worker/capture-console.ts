import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";
import type { LogLevel } from "../../protocol/index.ts";

type LineListener = (text: string, level: LogLevel) => void;

const LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;

const currentListener = new AsyncLocalStorage<LineListener>();
let isPatched = false;

/**
 * Wraps the methods of `console`, once per process. Lines are still printed, and are also sent to the current
 * listener.
 */
const patchConsole = (): void => {
  if (isPatched) return;
  isPatched = true;
  for (const name of ["debug", "log", "info", "warn", "error"] as const) {
    const print = console[name].bind(console);
    console[name] = (...args: unknown[]) => {
      print(...args);
      currentListener.getStore()?.(format(...args), LEVELS[name]);
    };
  }
};

/**
 * Runs a function. Calls `onLine` for each line that the function, or code that it calls or awaits, prints
 * with `console`.
 */
export const runWithConsoleCapture = <Value>(onLine: LineListener, run: () => Value): Value => {
  patchConsole();
  return currentListener.run(onLine, run);
};
