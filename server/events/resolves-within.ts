/** Returns true if a promise resolves in time; false if it rejects or takes longer. */
export const resolvesWithin = (work: Promise<unknown>, milliseconds: number): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, false);
    work
      .then(
        () => resolve(true),
        () => resolve(false),
      )
      .finally(() => clearTimeout(timer));
  });

/** Returns the value of a promise; undefined if the promise rejects or takes longer. */
export const getValueWithin = async <Value>(
  work: Promise<Value>,
  milliseconds: number,
): Promise<Value | undefined> => ((await resolvesWithin(work, milliseconds)) ? work : undefined);
