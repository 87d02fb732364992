import { open, waitForDebugger } from "node:inspector";
import type { ExtensionClass } from "../../sdk/extension.ts";
import { UsageError } from "../errors.ts";

/** True, or where the debugger listens: a port, or a host and a port. */
export type InspectAddress = string | true;

const PLACE = /^(?:(?<host>[^:]+|\[[^\]]+\]):)?(?<port>\d{1,5})$/;

/** Lets a debugger attach; the address is printed by Node itself. */
export const openInspector = (at: InspectAddress, isAwaited: boolean): void => {
  const place = at === true ? { port: "9229", host: undefined } : PLACE.exec(at)?.groups;
  if (place === undefined) throw new UsageError("--inspect: must be a port, or a host and a port");
  open(Number(place["port"]), place["host"]);
  if (isAwaited) waitForDebugger();
};

/** Stops in the debugger right before the class's own `run`: one step further in it is there. */
export const breakBeforeRun = (Class: ExtensionClass<unknown>): void => {
  const { prototype } = Class;
  const run: unknown = Reflect.get(prototype, "run");
  if (typeof run !== "function") return;
  Reflect.set(prototype, "run", function stopped(this: unknown, ...args: unknown[]): unknown {
    // biome-ignore lint/suspicious/noDebugger: the person asked to be stopped here.
    debugger;
    return Reflect.apply(run, this, args);
  });
};
