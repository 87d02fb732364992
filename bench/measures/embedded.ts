import { serve } from "../services/joblib-server.ts";
import { openLifecycles } from "./growth.ts";
import type { Bench, Measure } from "./measure.ts";
import { withSimpleQueue } from "./simple-queue.ts";

const WIDTH = 64;

/** Measures full task lifecycles with an embedded database on disk and 64 tasks in flight. */
const measureLifecycles = async ({ isQuick, queue }: Bench): Promise<number> => {
  await using server = await serve({}, queue);
  await using lifecycles = await openLifecycles(server);
  await lifecycles.call("run", { width: WIDTH, seconds: 1 });
  return await lifecycles.call("run", { width: WIDTH, seconds: isQuick ? 2 : 4 });
};

const measure: Measure = {
  units: { "PGlite lifecycles": "tasks/s" },
  timeoutSeconds: 60,
  run: async (bench) => ({ "PGlite lifecycles": await measureLifecycles(bench) }),
};

export const embedded: readonly Measure[] = [measure, withSimpleQueue(measure)];
