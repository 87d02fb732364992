import { Client, type Connection } from "pg";

const REFUSED =
  "the database offers no channel binding, which channel_binding=require requires: the connection may be intercepted";

/**
 * A client that requires SCRAM channel binding; pg itself can only prefer it. If the server does not offer it, this client
 * ends the connection before it sends a password or a proof of it. Like libpq, it also rejects a server that asks for none.
 */
export class ChannelBoundClient extends Client {
  declare readonly connection: Connection;

  constructor(config?: ConstructorParameters<typeof Client>[0]) {
    super(config);
    let isBound = false;
    const refuse = () => {
      // The server's ReadyForQuery may be in the same packet. pg would then report success before this error.
      this.connection.removeAllListeners("readyForQuery");
      this.connection.stream.destroy(new Error(REFUSED));
    };
    this.connection.prependListener("authenticationCleartextPassword", refuse);
    this.connection.prependListener("authenticationMD5Password", refuse);
    this.connection.prependListener("authenticationSASL", ({ mechanisms }: { mechanisms: string[] }) => {
      isBound = mechanisms.includes("SCRAM-SHA-256-PLUS");
      if (!isBound) refuse();
    });
    this.connection.prependListener("authenticationOk", () => {
      if (!isBound) refuse();
    });
  }
}
