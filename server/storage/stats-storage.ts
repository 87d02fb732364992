import type { StatsPoint } from "../../protocol/index.ts";
import type { JobStatsRecord, StatsRecord, StatsStorage } from "./ports/stats.ts";
import { findJobQueues, type JobQueueRow } from "./queries/jobs/job-stats.ts";
import { listRoomNames } from "./queries/rooms/room-names.ts";
import { summarizeRooms } from "./queries/rooms/summarize-rooms.ts";
import {
  type FinishedJobStatsRow,
  type FinishedTaskStats,
  findFinishedTaskStats,
  type StatsStepRow,
} from "./queries/tasks/finished-task-stats.ts";
import { formatTime } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

const toQuantiles = (p50: number | null | undefined, p95: number | null | undefined) =>
  p50 === null || p50 === undefined || p95 === null || p95 === undefined ? null : { p50, p95 };

const toJobStats = (queue: JobQueueRow, finished: FinishedJobStatsRow | undefined): JobStatsRecord => ({
  job: { roomId: queue.room_id, category: queue.category, name: queue.name },
  workers: queue.workers,
  busy_workers: queue.busy_workers,
  pending: queue.pending,
  running: queue.running,
  oldest_pending_seconds: queue.oldest_pending_seconds,
  completed: finished?.completed ?? 0,
  failed: finished?.failed ?? 0,
  cancelled: finished?.cancelled ?? 0,
  wait: toQuantiles(finished?.wait_p50, finished?.wait_p95),
  run: toQuantiles(finished?.run_p50, finished?.run_p95),
});

const toPoint = ({
  at,
  submitted,
  completed,
  failed,
  cancelled,
  wait_p50,
  run_p50,
}: StatsStepRow): StatsPoint => ({
  // The time comes from PostgreSQL's JSON, so it is already in ISO format, but with an offset and
  // microseconds.
  at: new Date(at).toISOString(),
  ...{ submitted, completed, failed, cancelled, wait_p50, run_p50 },
});

const toStatsRecord = (queues: readonly JobQueueRow[], finished: FinishedTaskStats): StatsRecord => {
  const byJob = new Map(finished.jobs.map((row) => [row.job_id, row]));
  return {
    since: formatTime(finished.since),
    until: formatTime(finished.until),
    stepSeconds: finished.stepSeconds,
    jobs: queues.map((queue) => toJobStats(queue, byJob.get(queue.id))),
    series: finished.steps.map(toPoint),
  };
};

export const createStatsStorage = ({ run }: Sessions): StatsStorage => ({
  listRoomNames: (limit) => run((db) => listRoomNames(db, limit)),

  async summarizeRooms(roomIds, aliveWithinSeconds) {
    return roomIds.length === 0 ? [] : run((db) => summarizeRooms(db, roomIds, aliveWithinSeconds));
  },

  async getStats(roomId, hours, aliveWithinSeconds) {
    const finished = await run((db) => findFinishedTaskStats(db, roomId, hours));
    const queues =
      roomId === undefined ? [] : await run((db) => findJobQueues(db, roomId, aliveWithinSeconds));
    return toStatsRecord(queues, finished);
  },
});
