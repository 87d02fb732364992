import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";
import type { LogLevel } from "../protocol/index.ts";

type LineListener = (text: string, level: LogLevel) => void;

const LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;

const currentListener = new AsyncLocalStorage<LineListener>();
let isPatched = false;

/** Once for the process: what is printed while a task runs is kept with it as well, and printed as before. */
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

/** Runs work whose `console` lines, also those of what it calls and awaits, are given to `keep`. */
export const captureConsole = <Value>(keep: LineListener, work: () => Value): Value => {
  patchConsole();
  return currentListener.run(keep, work);
};
