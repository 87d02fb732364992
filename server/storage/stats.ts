import type { JobAddress, JobStats, RoomSummary, StatsPoint } from "../../protocol/index.ts";

/** A job's figures, before it is known how its name is answered. */
export interface JobStatsRecord extends Omit<JobStats, "job_name"> {
  readonly job: JobAddress;
}

/** What happened from `since` to `until`, in steps. */
export interface StatsRecord {
  readonly since: string;
  readonly until: string;
  readonly stepSeconds: number;
  readonly jobs: readonly JobStatsRecord[];
  readonly series: readonly StatsPoint[];
}

/** What is asked about many tasks at once; every question looks at a bounded number of them. */
export interface StatsStorage {
  /** Names of rooms that hold jobs or tasks, in their order; the first so many. */
  listRoomNames(limit: number): Promise<readonly string[]>;
  /** Each of the rooms in numbers, in the order given. */
  summarizeRooms(roomIds: readonly string[], aliveWithinSeconds: number): Promise<readonly RoomSummary[]>;
  /** A room's last hours with its jobs, or without a room those of all, without theirs. */
  figures(roomId: string | undefined, hours: number, aliveWithinSeconds: number): Promise<StatsRecord>;
}
