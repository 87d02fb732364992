/** The headers that authenticate the caller. */
export type Credentials = Readonly<Record<string, string>>;

/** An API: its address and the caller's credentials. */
export interface ApiServer {
  /** The prefix of the API's paths. */
  readonly base: string;
  credentials(): Credentials | Promise<Credentials>;
  /** Called when the server rejects the credentials (401). */
  refused(sent: Credentials): void;
}
