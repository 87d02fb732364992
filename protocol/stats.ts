import * as z from "zod";
import { Timestamp } from "./timestamp.ts";

/** How many finished tasks figures are made from, from the newest on. */
export const MOST_MEASURED = 10_000;
/** How many points a series has at most. */
export const MOST_POINTS = 60;

/** How far back to look. */
export const StatsQuery = z.object({
  hours: z
    .preprocess(
      (value) => (typeof value === "string" && !/^\d+$/.test(value) ? Number.NaN : value),
      z.coerce.number().int().min(1).max(24),
    )
    .prefault(1),
});
export type StatsQuery = z.infer<typeof StatsQuery>;

/** Seconds that half of the tasks, and 95 in 100 of them, did not exceed. */
export const Quantiles = z.object({ p50: z.number(), p95: z.number() });
export type Quantiles = z.infer<typeof Quantiles>;

/** A job as a room sees it: its queue, which all rooms share, and what became of the room's own tasks. */
export const JobStats = z.object({
  job_name: z.string(),
  workers: z.int().describe("alive, and not draining"),
  busy_workers: z.int().describe("of them, those that hold a task"),
  pending: z.int().describe("due or not; 10,000 for that many or more"),
  running: z.int().describe("claimed ones included"),
  oldest_pending_seconds: z.number().nullable().describe("how long the longest waits that is due"),
  completed: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  wait: Quantiles.nullable().describe("from due to started"),
  run: Quantiles.nullable().describe("from started to completed"),
});
export type JobStats = z.infer<typeof JobStats>;

/** What happened in one piece of the time. */
export const StatsPoint = z.object({
  at: Timestamp.describe("its beginning"),
  submitted: z.int(),
  completed: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  wait_p50: z.number().nullable(),
  run_p50: z.number().nullable(),
});
export type StatsPoint = z.infer<typeof StatsPoint>;

/** Figures of the last hours; of a busy server, of the shorter time that the newest 10,000 tasks make up. */
export const Stats = z.object({
  since: Timestamp.describe("from here on the figures are whole"),
  until: Timestamp,
  step_seconds: z.number().describe("from one point of the series to the next"),
  jobs: z.array(JobStats).describe("that the room sees, 500 at most; of all rooms together none"),
  series: z.array(StatsPoint).max(MOST_POINTS),
});
export type Stats = z.infer<typeof Stats>;
