/**
 * Returns true if a promise resolves within the given number of milliseconds, and false if it rejects or takes
 * longer. Use it for peers that may never respond.
 */
export const resolvesWithin = async (work: Promise<unknown>, milliseconds: number): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, milliseconds, false);
  work.then(
    () => resolve(true),
    () => resolve(false),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
};

/** Returns the value of a promise, or undefined if it rejects or takes longer than the given number of milliseconds. */
export const getValueWithin = async <Value>(
  work: Promise<Value>,
  milliseconds: number,
): Promise<Value | undefined> => ((await resolvesWithin(work, milliseconds)) ? work : undefined);
