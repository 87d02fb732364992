/** What of the product's own module is used here. */
interface Joint<Wish, Result> {
  run(wishes: readonly Wish[]): Promise<readonly Result[]>;
}

/** Stands in the place of the product's: every call is a statement of its own. */
export const coalesce =
  <Wish, Result>({ run }: Joint<Wish, Result>) =>
  async (wish: Wish, isGone?: () => boolean): Promise<Result | undefined> => {
    if (isGone?.() === true) return undefined;
    return (await run([wish]))[0];
  };
