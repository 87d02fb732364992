import * as z from "zod";
import { API_PATH, operation } from "./operation.ts";
import { createIntegerParameter } from "./page.ts";
import { RoomParams } from "./rooms.ts";
import { Timestamp } from "./time.ts";

/**
 * Maximum number of ended tasks from which stats are computed. If there are more, only the newest
 * are used.
 */
export const MAX_MEASURED_TASKS = 10_000;
export const MAX_POINTS = 60;

export const StatsQuery = z.object({
  hours: createIntegerParameter(1, 24, 1).describe("length of the time range, in hours"),
});
export type StatsQuery = z.infer<typeof StatsQuery>;

/** Median and 95th percentile, in seconds. */
export const Quantiles = z.object({ p50: z.number(), p95: z.number() });
export type Quantiles = z.infer<typeof Quantiles>;

/**
 * Stats of a job in a room. The members about waiting and running tasks cover all rooms, because
 * the job has one queue; the members about ended tasks cover only this room.
 */
export const JobStats = z.object({
  job_name: z.string(),
  workers: z.int().describe("number of online workers that are not draining"),
  busy_workers: z.int().describe("number of workers in `workers` that have a task"),
  pending: z.int().describe("number of pending tasks of the job in all rooms, due or not; at most 10,000"),
  running: z.int().describe("number of claimed and running tasks of the job in all rooms; at most 10,000"),
  oldest_pending_seconds: z
    .number()
    .nullable()
    .describe(
      "seconds since the oldest due task of the job, in all rooms, became due; null if no task is due",
    ),
  completed: z.int().describe("number of tasks in this room that completed since `since`"),
  failed: z.int().describe("number of tasks in this room that failed since `since`"),
  cancelled: z.int().describe("number of tasks in this room that were cancelled since `since`"),
  wait: Quantiles.nullable().describe("seconds from `run_at` until the start, for tasks in this room"),
  run: Quantiles.nullable().describe("seconds from the start until the end, for tasks in this room"),
});
export type JobStats = z.infer<typeof JobStats>;

export const StatsPoint = z.object({
  at: Timestamp.describe("start of the interval"),
  submitted: z.int(),
  completed: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  wait_p50: z.number().nullable().describe("median of the seconds from `run_at` until the start"),
  run_p50: z.number().nullable().describe("median of the seconds from the start until the end"),
});
export type StatsPoint = z.infer<typeof StatsPoint>;

/** Stats of the last hours. On a busy server they cover the newest 10,000 ended tasks only. */
export const Stats = z.object({
  since: Timestamp.describe(
    "start of the time range: `hours` ago, or later if more than 10,000 tasks have ended since then",
  ),
  until: Timestamp,
  step_seconds: z.number().describe("interval of the time series, in seconds"),
  jobs: z
    .array(JobStats)
    .describe("jobs that are visible in the room, at most 500; empty in the stats of all rooms"),
  series: z.array(StatsPoint).max(MAX_POINTS),
});
export type Stats = z.infer<typeof Stats>;

export const readRoomStats = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/stats`,
  summary: "Get the stats of a room: the jobs that are visible in it, and a time series of the last hours",
  access: "room-read",
  params: RoomParams,
  query: StatsQuery,
  responses: { 200: Stats },
  responseDescriptions: { 200: "The stats of the room." },
  problems: ["invalid-room-id"],
});

export const readStats = operation({
  method: "GET",
  path: `${API_PATH}/stats`,
  summary: "Get the stats of all rooms",
  access: "admin",
  query: StatsQuery,
  responses: { 200: Stats },
  responseDescriptions: { 200: "The stats of all rooms." },
  problems: [],
});

export const statsOperations = { readRoomStats, readStats } as const;
