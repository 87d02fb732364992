import type { Task } from "../../protocol/index.ts";
import type { TaskRecord } from "./storage.ts";

/** A claimed task, most often only passed on: `task` is read from its texts when somebody looks into it. */
export interface ClaimedTaskRecord extends TaskRecord {
  /** What is needed of every one. */
  readonly summary: Pick<Task, "id" | "room_id" | "status" | "attempt">;
  /** Since when it was due. */
  readonly runAt: string;
  /** Null unless its claim started it. */
  readonly startedAt: string | null;
  /** As it is answered, under the name that its job has there. */
  wire(jobName: string): Task;
}
