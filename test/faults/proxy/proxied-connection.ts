import { connect, type Socket } from "node:net";
import type { ArmedTrap } from "./armed-trap.ts";
import { BytePipe } from "./byte-pipe.ts";
import type { ConnectionFaults } from "./connection-faults.ts";

/**
 * The functions of the proxy that a connection uses. The result of `getFaults` may change while the
 * connection is open.
 */
export interface ConnectionContext {
  readonly targetPort: number;
  getFaults(): ConnectionFaults;
  /** Returns the trap that matches a request. */
  findTrap(request: string): ArmedTrap | undefined;
  onClosed(connection: ProxiedConnection): void;
}

/** A connection of a client, with the proxy's own connection to the server. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #context: ConnectionContext;
  readonly #toServer: BytePipe;
  readonly #toClient: BytePipe;
  #trap: ArmedTrap | undefined;
  #isMuted = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(client: Socket, context: ConnectionContext) {
    this.#context = context;
    this.#client = client.setNoDelay(true);
    this.#server = connect({
      port: context.targetPort,
      host: "127.0.0.1",
      noDelay: true,
      allowHalfOpen: true,
    });
    this.#toServer = new BytePipe(this.#server, () => context.getFaults().toServer ?? {}, this.cut);
    this.#toClient = new BytePipe(client, () => context.getFaults().toClient ?? {}, this.cut);
    client.on("data", this.#request);
    this.#server.on("data", this.#answer);
    client.on("end", () => this.#toServer.end());
    this.#server.on("end", () => this.#toClient.end());
    for (const socket of [client, this.#server]) {
      socket.on("error", this.cut);
      socket.on("close", this.#closed);
    }
    this.#touch();
  }

  /** Resets the connections on both sides. */
  readonly cut = (): void => {
    for (const socket of [this.#client, this.#server]) socket.resetAndDestroy();
    this.#closed();
  };

  readonly #request = (chunk: Buffer): void => {
    this.#touch();
    this.#trap ??= this.#context.findTrap(chunk.toString("latin1"));
    this.#toServer.write(chunk);
  };

  readonly #answer = (chunk: Buffer): void => {
    this.#touch();
    if (this.#isMuted) return;
    if (this.#trap === undefined) {
      this.#toClient.write(chunk);
      return;
    }
    this.#isMuted = true;
    if (this.#trap.action === "cut") this.cut();
    this.#trap.trigger();
  };

  readonly #closed = (): void => {
    const { toClient, toServer } = this.#context.getFaults();
    // A side whose direction is a black hole must not notice that the other side has closed the
    // connection.
    if (!this.#client.destroyed && toClient?.blackHole !== true) this.#client.destroySoon();
    if (!this.#server.destroyed && toServer?.blackHole !== true) this.#server.destroySoon();
    if (!this.#client.destroyed || !this.#server.destroyed) return;
    clearTimeout(this.#idle);
    this.#toServer.close();
    this.#toClient.close();
    this.#context.onClosed(this);
  };

  #touch(): void {
    const { idleCutMs } = this.#context.getFaults();
    clearTimeout(this.#idle);
    if (idleCutMs !== undefined) this.#idle = setTimeout(this.cut, idleCutMs);
  }
}
