import type { JobAddress, JobStats, RoomSummary, StatsPoint } from "../../../protocol/index.ts";

/** Stats of a job. They contain its address instead of its formatted name. */
export interface JobStatsRecord extends Omit<JobStats, "job_name"> {
  readonly job: JobAddress;
}

/** Stats of the period from `since` to `until`, divided into steps. */
export interface StatsRecord {
  readonly since: string;
  readonly until: string;
  readonly stepSeconds: number;
  readonly jobs: readonly JobStatsRecord[];
  readonly series: readonly StatsPoint[];
}

/** The part of the storage for stats. Each query reads a bounded number of tasks. */
export interface StatsStorage {
  /** Returns the first `limit` names of rooms that contain jobs or tasks, in alphabetical order. */
  listRoomNames(limit: number): Promise<readonly string[]>;
  /** Returns a summary of each room, in the order of `roomIds`. */
  summarizeRooms(roomIds: readonly string[], aliveWithinSeconds: number): Promise<readonly RoomSummary[]>;
  /**
   * Returns the stats of the last hours: either of a room and its jobs, or of all rooms without their jobs.
   */
  getStats(roomId: string | undefined, hours: number, aliveWithinSeconds: number): Promise<StatsRecord>;
}
