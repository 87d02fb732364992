/** The headers that say who asks. */
export type Credentials = Readonly<Record<string, string>>;

/** Where an API stands, and who asks it. */
export interface Home {
  /** What comes before the API's paths. */
  readonly base: string;
  credentials(): Credentials | Promise<Credentials>;
  /** The server does not know who asks (401). */
  refused(sent: Credentials): void;
}
