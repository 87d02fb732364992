/** Monotonic milliseconds; one clock for all the processes of a machine. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Runs `turn(i)` for i in [0, count) with so many in flight, until the time is up; gives how many were done. */
export const inFlight = async (
  { width, count, seconds }: { width: number; count: number; seconds: number },
  turn: (index: number) => Promise<unknown>,
): Promise<number> => {
  const end = now() + seconds * 1000;
  let next = 0;
  let done = 0;
  const lane = async () => {
    while (next < count && now() < end) {
      const index = next;
      next += 1;
      await turn(index);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return done;
};

/** Rejects when the work takes longer; the work itself is ended by whoever owns its processes. */
export const within = async <Value>(seconds: number, what: string, work: Promise<Value>): Promise<Value> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};
