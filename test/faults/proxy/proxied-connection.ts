import { connect, type Socket } from "node:net";
import type { ArmedTrap } from "./armed-trap.ts";
import { ByteLane } from "./byte-lane.ts";
import type { LinkProgram } from "./link-program.ts";

/** What a connection asks of its proxy, again and again: the program may change under it. */
export interface ConnectionHome {
  readonly targetPort: number;
  program(): LinkProgram;
  /** The trap that this request springs. */
  trapFor(request: string): ArmedTrap | undefined;
  over(connection: ProxiedConnection): void;
}

/** A client's connection and the one that stands for it to the server. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #home: ConnectionHome;
  readonly #up: ByteLane;
  readonly #down: ByteLane;
  #trap: ArmedTrap | undefined;
  #isMuted = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(client: Socket, home: ConnectionHome) {
    this.#home = home;
    this.#client = client.setNoDelay(true);
    this.#server = connect({
      port: home.targetPort,
      host: "127.0.0.1",
      noDelay: true,
      allowHalfOpen: true,
    });
    this.#up = new ByteLane(this.#server, () => home.program().toServer ?? {}, this.cut);
    this.#down = new ByteLane(client, () => home.program().toClient ?? {}, this.cut);
    client.on("data", this.#request);
    this.#server.on("data", this.#answer);
    client.on("end", () => this.#up.end());
    this.#server.on("end", () => this.#down.end());
    for (const socket of [client, this.#server]) {
      socket.on("error", this.cut);
      socket.on("close", this.#closed);
    }
    this.#touch();
  }

  /** Both ends learn at once, by a reset. */
  readonly cut = (): void => {
    for (const socket of [this.#client, this.#server]) socket.resetAndDestroy();
    this.#closed();
  };

  readonly #request = (chunk: Buffer): void => {
    this.#touch();
    this.#trap ??= this.#home.trapFor(chunk.toString("latin1"));
    this.#up.carry(chunk);
  };

  readonly #answer = (chunk: Buffer): void => {
    this.#touch();
    if (this.#isMuted) return;
    if (this.#trap === undefined) {
      this.#down.carry(chunk);
      return;
    }
    this.#isMuted = true;
    if (this.#trap.fate === "cut") this.cut();
    this.#trap.spring();
  };

  readonly #closed = (): void => {
    const { toClient, toServer } = this.#home.program();
    // Behind a black hole nobody hears that the other end has gone.
    if (!this.#client.destroyed && toClient?.blackHole !== true) this.#client.destroySoon();
    if (!this.#server.destroyed && toServer?.blackHole !== true) this.#server.destroySoon();
    if (!this.#client.destroyed || !this.#server.destroyed) return;
    clearTimeout(this.#idle);
    this.#up.close();
    this.#down.close();
    this.#home.over(this);
  };

  #touch(): void {
    const { idleCutMs } = this.#home.program();
    clearTimeout(this.#idle);
    if (idleCutMs !== undefined) this.#idle = setTimeout(this.cut, idleCutMs);
  }
}
