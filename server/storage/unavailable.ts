/** The database cannot be reached, or had no time for the statement. */
export class StorageUnavailable extends Error {
  /** The statement was on its way when the connection was lost: it may have been carried out, or may be yet. */
  readonly isUnknown: boolean;

  constructor(cause: unknown, isUnknown = false) {
    super("the database cannot be reached", { cause });
    this.name = "StorageUnavailable";
    this.isUnknown = isUnknown;
  }
}

/**
 * What came of a step, or undefined where its answer was lost: then the one who asks looks, rather than guesses. For
 * steps alone that say by a key or a fence of their own whether they were taken.
 */
export const unlessLost = async <Value>(step: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await step;
  } catch (error) {
    if (error instanceof StorageUnavailable && error.isUnknown) return undefined;
    throw error;
  }
};
