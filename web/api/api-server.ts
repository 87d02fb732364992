export type Credentials = Readonly<Record<string, string>>;

/** A server's API: its address and the caller's credentials. */
export interface ApiServer {
  /** The path prefix of the API. */
  readonly base: string;
  credentials(): Credentials | Promise<Credentials>;
  /** Called with the credentials that were sent if the server rejects them with a 401. */
  onUnauthorized(sent: Credentials): void;
}
