import { serve } from "../services/joblib-server.ts";
import { openLifecycles } from "./growth.ts";
import type { Bench, Measure } from "./measure.ts";

const WIDTH = 64;
const UNBATCHED = { NODE_OPTIONS: `--import ${new URL("../unbatched/preload.ts", import.meta.url).href}` };

/** Measures full lifecycles on an embedded database on disk, with 64 tasks in flight. */
const measureLifecycles = async (
  { isQuick }: Bench,
  env: Readonly<Record<string, string>>,
): Promise<number> => {
  await using server = await serve({}, env);
  await using lifecycles = await openLifecycles(server);
  await lifecycles.call("run", { width: WIDTH, seconds: 1 });
  return await lifecycles.call("run", { width: WIDTH, seconds: isQuick ? 2 : 4 });
};

export const embedded: readonly Measure[] = [
  {
    units: { "PGlite lifecycles, batched": "tasks/s" },
    timeoutSeconds: 60,
    run: async (bench) => ({ "PGlite lifecycles, batched": await measureLifecycles(bench, {}) }),
  },
  {
    units: { "PGlite lifecycles, unbatched": "tasks/s" },
    timeoutSeconds: 60,
    run: async (bench) => ({ "PGlite lifecycles, unbatched": await measureLifecycles(bench, UNBATCHED) }),
  },
];
