import { readFileSync } from "node:fs";

/** The longest that an event loop was held, in seconds. */
export interface Holds {
  /** By its own work. */
  readonly longest: number;
  /** With the time in which its thread was ready and had no processor: what other processes took of a busy machine. */
  readonly waiting: number;
}

const LOOK_MS = 1_000;

/** Seconds for which the main thread has waited for a processor since it began (schedstat, in ns). */
const waitedFor = (pid: number): number => {
  const [, waited = ""] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ");
  return Number(waited) / 1e9;
};

/** The longest hold since the last look, as the server's own metrics tell it; each look begins anew. */
const heldOf = async (url: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1] ?? Number.NaN);
};

/** Looks every second at how long a server's loop was held, until it is ended. */
export const watchHolds = async (url: string, pid: number): Promise<{ end(): Holds }> => {
  await heldOf(url);
  let waited = waitedFor(pid);
  let holds: Holds = { longest: 0, waiting: 0 };
  const look = async () => {
    const held = await heldOf(url);
    const before = waited;
    waited = waitedFor(pid);
    const longest = Math.max(holds.longest, held - (waited - before));
    holds = { longest, waiting: Math.max(holds.waiting, held) };
  };
  // A look that fails is the fuzzer's to tell: the server is gone.
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS);
  return {
    end() {
      clearInterval(timer);
      return holds;
    },
  };
};
