import { createServer, type Server } from "node:net";
import { type ArmedTrap, armTrap } from "./armed-trap.ts";
import type { ConnectionFaults, FaultSource, Trap, TrapHandle } from "./connection-faults.ts";
import { ProxiedConnection } from "./proxied-connection.ts";

/**
 * A TCP proxy on loopback that can delay, throttle, drop or cut connections, separately for each
 * direction.
 *
 * @example await using proxy = await TcpProxy.to(5432); proxy.setFaults({ toClient: { blackHole: true
 * } });
 */
export class TcpProxy implements AsyncDisposable {
  readonly #connections = new Set<ProxiedConnection>();
  readonly #traps = new Set<ArmedTrap>();
  #server: Server | undefined;
  #port = 0;
  #targetPort: number;
  #faultSource: FaultSource = {};
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
  /** Number of open connections. */
  get size(): number {
    return this.#connections.size;
  }
  /** Number of connections since the proxy was created. */
  get count(): number {
    return this.#count;
  }

  /** Forwards new connections to another port, for example after a server has restarted. */
  retarget(port: number): void {
    this.#targetPort = port;
  }

  /**
   * Replaces the faults of open and new connections. A function is called for each new connection
   * and returns the faults of this connection.
   */
  setFaults(faults: FaultSource): void {
    this.#faultSource = faults;
  }

  /** Removes all faults. Bytes that were dropped before are not sent again. */
  heal(): void {
    this.#faultSource = {};
    for (const trap of [...this.#traps]) trap.remove();
  }

  /** Resets every open connection. The proxy still accepts new connections. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }

  /** Forwards the next matching request and drops its response. */
  trap(trap: Trap): TrapHandle {
    const armed = armTrap(trap, (removed) => this.#traps.delete(removed));
    this.#traps.add(armed);
    return armed;
  }

  /** Stops listening, so that new connections are refused. Open connections are not affected. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    // The end of `close` is not awaited, because it waits for open connections. The server stops
    // listening immediately.
    server?.close();
  }

  /** Listens again on the port that the proxy used before `refuse`. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) => {
      const connection = this.#count;
      this.#count += 1;
      const own = typeof this.#faultSource === "function" ? this.#faultSource(connection) : undefined;
      this.#connections.add(new ProxiedConnection(socket, this.#createContext(own)));
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

  #createContext(own: ConnectionFaults | undefined) {
    const getFaults = (): ConnectionFaults =>
      typeof this.#faultSource === "function" ? (own ?? {}) : this.#faultSource;
    return {
      targetPort: this.#targetPort,
      getFaults,
      findTrap: (request: string) => [...this.#traps].find((trap) => trap.matchesFirst(request)),
      onClosed: (connection: ProxiedConnection) => void this.#connections.delete(connection),
    };
  }
}
