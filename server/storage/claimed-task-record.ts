import type { Task } from "../../protocol/index.ts";
import type { TaskRecord } from "./storage.ts";

/** A claimed task. Usually it is only serialized, so `task` is parsed when it is first read. */
export interface ClaimedTaskRecord extends TaskRecord {
  /** The members that are available without parsing. */
  readonly summary: Pick<Task, "id" | "room_id" | "status" | "attempt">;
  /** The time at which the task became due, in RFC 3339. */
  readonly runAt: string;
  /** Null unless the claim also started the task. */
  readonly startedAt: string | null;
  /** Returns the task as the API sends it. `jobName` is the name of the job in the response. */
  toTask(jobName: string): Task;
}
