/** The options of joblib's batching that this version uses. */
interface BatchOptions<Call, Result> {
  run(calls: readonly Call[]): Promise<readonly Result[]>;
}

/** Replaces joblib's batching: every call runs its own statement. */
const runUnbatched =
  <Call, Result>({ run }: BatchOptions<Call, Result>) =>
  async (call: Call, isGone?: () => boolean): Promise<Result | undefined> => {
    if (isGone?.() === true) return undefined;
    return (await run([call]))[0];
  };

export { runUnbatched as createBatcher };
