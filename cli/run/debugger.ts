import { open, waitForDebugger } from "node:inspector";
import type { ExtensionClass } from "../../sdk/extension/extension.ts";
import { UsageError } from "../io/errors.ts";

/** The address on which the debugger listens: a port, or `<host>:<port>`. true means port 9229. */
export type InspectAddress = string | true;

const ADDRESS = /^(?:(?<host>[^:]+|\[[^\]]+\]):)?(?<port>\d{1,5})$/;

/** Allows a debugger to attach. The function `open` of `node:inspector` prints the address. */
export function openInspector(address: InspectAddress, waits: boolean): void {
  const parts = address === true ? { port: "9229", host: undefined } : ADDRESS.exec(address)?.groups;
  if (parts === undefined) throw new UsageError("--inspect: must be a port, or <host>:<port>");
  open(Number(parts["port"]), parts["host"]);
  if (waits) waitForDebugger();
}

/**
 * Makes the debugger stop directly before it calls the class's `run`, so that the user reaches
 * `run` with a single "step into".
 */
export function breakBeforeRun(Class: ExtensionClass<unknown>): void {
  const { prototype } = Class;
  const run: unknown = Reflect.get(prototype, "run");
  if (typeof run !== "function") return;
  Reflect.set(prototype, "run", function stopped(this: unknown, ...args: unknown[]): unknown {
    // biome-ignore lint/suspicious/noDebugger: the user passed --inspect-brk.
    debugger;
    return Reflect.apply(run, this, args);
  });
}
