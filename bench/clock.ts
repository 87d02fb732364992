/**
 * Returns the time of the monotonic clock in milliseconds. All processes of a machine share this
 * clock.
 */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * Calls `run(i)` for each i in [0, count), with `width` calls in flight, until the time limit is
 * reached. Returns the number of completed calls.
 */
export const runConcurrently = async (
  { width, count, seconds }: { width: number; count: number; seconds: number },
  run: (index: number) => Promise<unknown>,
): Promise<number> => {
  const end = now() + seconds * 1000;
  let next = 0;
  let done = 0;
  const loop = async () => {
    while (next < count && now() < end) {
      const index = next;
      next += 1;
      await run(index);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: width }, loop));
  return done;
};

/**
 * Rejects if the work takes longer than `seconds`. Does not stop the work, so the caller must end
 * the processes that do the work.
 */
export const withTimeout = async <Value>(
  seconds: number,
  description: string,
  work: Promise<Value>,
): Promise<Value> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${description} took longer than ${seconds} s`)),
      seconds * 1000,
    );
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
};
