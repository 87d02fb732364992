/** The headers that authenticate the caller. */
export type Credentials = Readonly<Record<string, string>>;

/** A server's API: its address and the caller's credentials. */
export interface ApiServer {
  /** The path prefix of the API. */
  readonly base: string;
  credentials(): Credentials | Promise<Credentials>;
  /** Called when the server rejects the credentials (401). */
  onUnauthorized(sent: Credentials): void;
}
