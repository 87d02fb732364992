import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "./eventually.ts";
import { findFreePort } from "./free-port.ts";
import type { SpawnedProcess } from "./processes.ts";
import type { ServerDirectory } from "./server-directory.ts";

/** A private server that a test may stop and start again on the same port; disposing it also removes its files. */
export interface Server {
  /** The running server process; throws while it is stopped. */
  readonly pid: number;
  start(): Promise<void>;
  /** Ends the server and waits until it is gone; SIGQUIT crashes PostgreSQL, SIGKILL crashes Redis. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  restart(signal?: NodeJS.Signals): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What one kind of server needs to be started, asked whether it answers, and stopped. */
export interface ServerDefinition {
  name: string;
  directory: ServerDirectory;
  spawn(port: number): SpawnedProcess;
  /** Resolves once the server answers on this port. */
  ask(port: number): Promise<unknown>;
  stopSignal: NodeJS.Signals;
  lastSignal: NodeJS.Signals;
}

/** Starts a server on a free loopback port and waits until it answers. */
export async function startServer(plan: ServerDefinition): Promise<{ server: Server; port: number }> {
  const { port, process: first } = await startOnFreePort(plan);
  let running: SpawnedProcess | undefined = first;

  const server: Server = {
    get pid() {
      if (running === undefined) throw new Error(`${plan.name} is stopped`);
      return running.pid;
    },
    async start() {
      running ??= await launch(plan, port);
    },
    async stop(signal = plan.stopSignal) {
      if (running === undefined) return;
      await end(running, signal, plan.lastSignal);
      running = undefined;
    },
    async restart(signal) {
      await server.stop(signal);
      await server.start();
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      plan.directory.remove();
    },
  };
  return { server, port };
}

async function startOnFreePort(plan: ServerDefinition): Promise<{ port: number; process: SpawnedProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort();
    try {
      return { port, process: await launch(plan, port) };
    } catch (error) {
      // Somebody may take the port between the question and the server's bind; any other cause fails three times too.
      if (attempt === 3) throw error;
    }
  }
}

async function launch(plan: ServerDefinition, port: number): Promise<SpawnedProcess> {
  const process = plan.spawn(port);
  const ended = new AbortController();
  void process.exit.then(() => ended.abort(new Error(`${plan.name} ended while starting`)));

  try {
    await eventually(() => plan.ask(port).then(() => true), Boolean, {
      what: `an answer of ${plan.name} on port ${port}`,
      timeoutMs: 20_000,
      signal: ended.signal,
    });
    return process;
  } catch (cause) {
    await end(process, plan.lastSignal, "SIGKILL");
    throw new Error(`${plan.name} did not start:\n${process.stdout()}${process.stderr()}`, { cause });
  }
}

async function end(
  process: SpawnedProcess,
  signal: NodeJS.Signals,
  lastSignal: NodeJS.Signals,
): Promise<void> {
  const patience = new AbortController();
  process.kill(signal);
  const impatience = delay(10_000, undefined, { signal: patience.signal }).then(
    () => process.kill(lastSignal),
    () => {},
  );

  await process.exit;
  patience.abort();
  await impatience;
}
