import * as z from "zod";
import { Timestamp } from "./timestamp.ts";

/** How the server's parts are. */
export const Health = z.object({
  version: z.string(),
  database: z.object({ state: z.enum(["up", "down"]) }),
  bus: z.object({ state: z.enum(["up", "down"]), kind: z.enum(["in-process", "redis"]) }),
  sweeper: z.object({
    state: z.enum(["up", "late"]).describe("late: three turns went by without a sweep"),
    last_sweep: Timestamp.nullable().describe(
      "by this server, or left by it to another; null since the start",
    ),
    interval_seconds: z.number(),
  }),
});
export type Health = z.infer<typeof Health>;
