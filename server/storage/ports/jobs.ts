import type { JobAddress } from "../../../protocol/index.ts";
import type { JobRecord, NewJob, RegisteredJob, RegisterOutcome, ResultPage, Window } from "../../records.ts";

export interface JobStorage {
  /**
   * Inserts the job or finds the existing one, and links the worker, in one transaction. Concurrent
   * registrations and removals do not make it fail.
   */
  register(job: NewJob, aliveWithinSeconds: number): Promise<RegisterOutcome>;
  find(address: JobAddress, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /** Finds a job without its counts, which are expensive if many tasks are pending. Submits use this method. */
  findWithoutCounts(address: JobAddress): Promise<RegisteredJob | undefined>;
  /** Returns the ids of all jobs that were ever registered at the address, including removed ones. */
  findIds(address: JobAddress): Promise<readonly string[]>;
  /** Finds a job by id, even a removed one: the history of its tasks stays readable. */
  findById(id: string, aliveWithinSeconds: number): Promise<JobRecord | undefined>;
  /** Lists the jobs of the rooms, newest first, without removed jobs. */
  list(rooms: readonly string[], window: Window, aliveWithinSeconds: number): Promise<ResultPage<JobRecord>>;
}
