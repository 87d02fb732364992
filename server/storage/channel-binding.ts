import { Client, type Connection } from "pg";

const REFUSED =
  "the database offers no channel binding, which channel_binding=require asks for: its connection may be intercepted";

interface SaslRequest {
  readonly mechanisms: readonly string[];
}

/**
 * Refuses to authenticate without SCRAM channel binding, before a password or a proof of it is sent: pg itself only
 * prefers the binding. A server that lets everybody in without a password is refused, too, as libpq does.
 */
export class ChannelBoundClient extends Client {
  declare readonly connection: Connection;

  constructor(config?: ConstructorParameters<typeof Client>[0]) {
    super(config);
    let isBound = false;
    const refuse = () => {
      // "Ready" may be in the same packet, and the connection would count as made before its end is reported.
      this.connection.removeAllListeners("readyForQuery");
      this.connection.stream.destroy(new Error(REFUSED));
    };
    this.connection.prependListener("authenticationCleartextPassword", refuse);
    this.connection.prependListener("authenticationMD5Password", refuse);
    this.connection.prependListener("authenticationSASL", ({ mechanisms }: SaslRequest) => {
      isBound = mechanisms.includes("SCRAM-SHA-256-PLUS");
      if (!isBound) refuse();
    });
    this.connection.prependListener("authenticationOk", () => {
      if (!isBound) refuse();
    });
  }
}
