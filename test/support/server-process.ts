import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "./eventually.ts";
import { findFreePort } from "./free-port.ts";
import type { SpawnedProcess } from "./processes.ts";
import type { ServerDirectory } from "./server-directory.ts";

/**
 * A server that a test can stop and start again on the same port. Disposing it also removes its
 * files.
 */
export interface Server {
  /** The process id of the running server. Throws while the server is stopped. */
  readonly pid: number;
  start(): Promise<void>;
  /**
   * Ends the server and waits until it has ended. SIGQUIT crashes PostgreSQL, SIGKILL crashes
   * Redis.
   */
  stop(signal?: NodeJS.Signals): Promise<void>;
  restart(signal?: NodeJS.Signals): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Describes how to start, check and stop a kind of server. */
export interface ServerDefinition {
  name: string;
  directory: ServerDirectory;
  spawn(port: number): SpawnedProcess;
  /** Resolves if the server responds on this port. */
  ping(port: number): Promise<unknown>;
  stopSignal: NodeJS.Signals;
  lastSignal: NodeJS.Signals;
}

/** Starts a server on a free loopback port and waits until it responds. */
export async function startServer(definition: ServerDefinition): Promise<{ server: Server; port: number }> {
  const { port, process: first } = await startOnFreePort(definition);
  let running: SpawnedProcess | undefined = first;

  const server: Server = {
    get pid() {
      if (running === undefined) throw new Error(`${definition.name} is stopped`);
      return running.pid;
    },
    async start() {
      running ??= await launch(definition, port);
    },
    async stop(signal = definition.stopSignal) {
      if (running === undefined) return;
      await end(running, signal, definition.lastSignal);
      running = undefined;
    },
    async restart(signal) {
      await server.stop(signal);
      await server.start();
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      definition.directory.remove();
    },
  };
  return { server, port };
}

async function startOnFreePort(
  definition: ServerDefinition,
): Promise<{ port: number; process: SpawnedProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort();
    try {
      return { port, process: await launch(definition, port) };
    } catch (error) {
      // Another process may bind the port before the server does, so the start is tried three
      // times. For any other cause, all three attempts fail and the error is thrown.
      if (attempt === 3) throw error;
    }
  }
}

async function launch(definition: ServerDefinition, port: number): Promise<SpawnedProcess> {
  const process = definition.spawn(port);
  const ended = new AbortController();
  void process.exit.then(() => ended.abort(new Error(`${definition.name} ended while starting`)));

  try {
    await eventually(() => definition.ping(port).then(() => true), Boolean, {
      what: `a response of ${definition.name} on port ${port}`,
      timeoutMs: 20_000,
      signal: ended.signal,
    });
    return process;
  } catch (cause) {
    await end(process, definition.lastSignal, "SIGKILL");
    throw new Error(`${definition.name} did not start:\n${process.stdout()}${process.stderr()}`, { cause });
  }
}

async function end(
  process: SpawnedProcess,
  signal: NodeJS.Signals,
  lastSignal: NodeJS.Signals,
): Promise<void> {
  const abort = new AbortController();
  process.kill(signal);
  const killAfterTimeout = delay(10_000, undefined, { signal: abort.signal }).then(
    () => process.kill(lastSignal),
    () => {},
  );

  await process.exit;
  abort.abort();
  await killAfterTimeout;
}
