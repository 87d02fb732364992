import type { Task } from "../../protocol/index.ts";
import type { TaskRecord } from "./storage.ts";

/** A claimed task, most often only passed on: `task` is read from its texts when somebody looks into it. */
export interface ClaimedRecord extends TaskRecord {
  /** What is needed of every one. */
  readonly brief: Pick<Task, "id" | "room_id" | "status" | "attempt">;
  /** As it is answered, under the name that its job has there. */
  wire(jobName: string): Task;
}
