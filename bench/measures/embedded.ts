import { serve } from "../services/product.ts";
import { openLifecycles } from "./growth.ts";
import type { Measure } from "./measure.ts";

const WIDTH = 64;

/**
 * The embedded database, on disk. Coalescing has no switch, so the same server is asked twice: with 64 lives in flight,
 * whose statements can become one, and with a single one, whose statements cannot.
 */
export const embedded: Measure = {
  gives: ["PGlite lifecycles, 64 in flight", "PGlite lifecycles, one by one"],
  unit: "tasks/s",
  withinSeconds: 60,
  async run({ isQuick }) {
    const seconds = isQuick ? 2 : 4;
    await using server = await serve({});
    await using lives = await openLifecycles(server);
    await lives.ask("run", { width: WIDTH, seconds: 1 });
    const alone = await lives.ask("run", { width: 1, seconds });
    const many = await lives.ask("run", { width: WIDTH, seconds });
    return { "PGlite lifecycles, 64 in flight": many, "PGlite lifecycles, one by one": alone };
  },
};
