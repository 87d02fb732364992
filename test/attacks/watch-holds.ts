const LOOK_MS = 1_000;

/** The longest since the last look, in seconds, as the server's own metrics tell it; each look begins anew. */
const heldOf = async (url: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1] ?? Number.NaN);
};

/** Looks every second at how long a server's event loop was held; its end gives the longest, in seconds. */
export const watchHolds = async (url: string): Promise<{ end(): number }> => {
  await heldOf(url);
  let longest = 0;
  const look = async () => {
    longest = Math.max(longest, await heldOf(url));
  };
  // A look that fails is the fuzzer's to tell: the server is gone.
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS);
  return {
    end() {
      clearInterval(timer);
      return longest;
    },
  };
};
