import { createServer, type Server } from "node:net";
import { type ArmedTrap, armTrap } from "./armed-trap.ts";
import type { LinkProgram, Programming, SetTrap, Trap } from "./link-program.ts";
import { ProxiedConnection } from "./proxied-connection.ts";

/**
 * A TCP proxy on loopback whose links can be made late, slow, deaf, short or dead, each direction for itself.
 *
 * @example
 * await using proxy = await TcpProxy.to(5432);
 * proxy.program({ toClient: { blackHole: true } });
 */
export class TcpProxy implements AsyncDisposable {
  readonly #connections = new Set<ProxiedConnection>();
  readonly #traps = new Set<ArmedTrap>();
  #server: Server | undefined;
  #port = 0;
  #targetPort: number;
  #programming: Programming = {};
  #count = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  static async to(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await proxy.accept();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }
  /** Connections that are open at this moment. */
  get size(): number {
    return this.#connections.size;
  }
  /** How many connections there have been. */
  get count(): number {
    return this.#count;
  }

  /** New connections go to another port: a server that came back. */
  retarget(port: number): void {
    this.#targetPort = port;
  }

  /** From now on, for connections that are open too; a function gives each new connection a program that it keeps. */
  program(programming: Programming): void {
    this.#programming = programming;
  }

  /** Everything passes again; what was swallowed stays lost. */
  heal(): void {
    this.#programming = {};
    for (const trap of [...this.#traps]) trap.remove();
  }

  /** Cuts every connection by a reset; new ones are taken. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }

  /** The next request that is like this is let through, its answer is not. */
  trap(trap: Trap): SetTrap {
    const armed = armTrap(trap, (removed) => this.#traps.delete(removed));
    this.#traps.add(armed);
    return armed;
  }

  /** Nobody listens: a new connection is refused. Open ones go on. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    // Its close waits for connections; that it listens no more is enough.
    server?.close();
  }

  /** Listens, on the port of before. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) => {
      const connection = this.#count;
      this.#count += 1;
      const own = typeof this.#programming === "function" ? this.#programming(connection) : undefined;
      this.#connections.add(new ProxiedConnection(socket, this.#homeOf(own)));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(this.#port, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
    this.#port = address.port;
    this.#server = server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    await this.refuse();
    this.cut();
  }

  #homeOf(own: LinkProgram | undefined) {
    const programOf = (): LinkProgram =>
      typeof this.#programming === "function" ? (own ?? {}) : this.#programming;
    return {
      targetPort: this.#targetPort,
      program: programOf,
      trapFor: (request: string) => [...this.#traps].find((trap) => trap.takes(request)),
      over: (connection: ProxiedConnection) => void this.#connections.delete(connection),
    };
  }
}
