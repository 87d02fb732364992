import type { Task } from "../../protocol/index.ts";
import type { Serialized } from "../raw-json.ts";
import type { TaskRecord } from "./storage.ts";
import type { WireTask } from "./task-columns.ts";

/** A claimed task. Most are only serialized: `task` is parsed when it is read. */
export interface ClaimedTaskRecord extends TaskRecord {
  /** The members that are available without parsing. */
  readonly summary: Pick<Task, "id" | "room_id" | "status" | "attempt">;
  /** The time since which the task was due, in RFC 3339. */
  readonly runAt: string;
  /** Null unless the claim also started the task. */
  readonly startedAt: string | null;
  /** Returns the task as the API sends it, with the given name of its job. */
  toTask(jobName: string): WireTask | Serialized<Task>;
}
