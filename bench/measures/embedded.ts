import { serve } from "../services/product.ts";
import { openLifecycles } from "./growth.ts";
import type { Bench, Measure } from "./measure.ts";

const WIDTH = 64;
const ONE_BY_ONE = { NODE_OPTIONS: `--import ${new URL("../one-by-one/preload.ts", import.meta.url).href}` };

/** Whole lives on the embedded database, on disk, with 64 in flight. */
const livesWith = async ({ isQuick }: Bench, env: Readonly<Record<string, string>>): Promise<number> => {
  await using server = await serve({}, env);
  await using lives = await openLifecycles(server);
  await lives.ask("run", { width: WIDTH, seconds: 1 });
  return await lives.ask("run", { width: WIDTH, seconds: isQuick ? 2 : 4 });
};

export const embedded: readonly Measure[] = [
  {
    gives: { "PGlite lifecycles, coalesced": "tasks/s" },
    withinSeconds: 60,
    run: async (bench) => ({ "PGlite lifecycles, coalesced": await livesWith(bench, {}) }),
  },
  {
    gives: { "PGlite lifecycles, one by one": "tasks/s" },
    withinSeconds: 60,
    run: async (bench) => ({ "PGlite lifecycles, one by one": await livesWith(bench, ONE_BY_ONE) }),
  },
];
