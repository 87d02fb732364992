/** The options of joblib's batching that this version uses. */
interface BatcherOptions<Call, Result> {
  run(calls: readonly Call[]): Promise<readonly Result[]>;
}

/** Replaces joblib's batching: every call runs its own statement. */
export class StatementBatcher<Call, Result> {
  readonly #options: BatcherOptions<Call, Result>;

  constructor(options: BatcherOptions<Call, Result>) {
    this.#options = options;
  }

  async add(call: Call, isGone?: () => boolean): Promise<Result | undefined> {
    if (isGone?.() === true) return undefined;
    return (await this.#options.run([call]))[0];
  }
}
